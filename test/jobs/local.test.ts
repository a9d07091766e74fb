import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Job, type JobChange, JobContainer, Service } from '../../src/jobs/index.ts';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { isAlive } from '../support/processes.ts';
import { workspace } from '../support/workspace.ts';

const FAST = { poll: { leastMs: 50, mostMs: 300 }, graceSeconds: 1, vanishedAfterMs: 500 };

function local(t: TestContext): {
  readonly service: Service;
  readonly root: string;
  readonly directory: string;
} {
  const directory = workspace(t);
  const root = join(directory, 'jobs');
  const service = new Service('local://', { ...FAST, sandboxRoot: root });
  t.after(() => service.close());
  return { service, root, directory };
}

async function ended(job: Job): Promise<Job> {
  assert.equal(await job.wait({ timeoutMs: 20_000 }), true, `${job.id} has not ended: ${job.state}`);
  return job;
}

test('arguments and environment arrive as they are, where SAGA quotes nothing', async (t) => {
  const { service } = local(t);
  const words = ['a  b', '$HOME', 'x;y', "it's", '', '*', '"q"', '`id`', '\\', 'line\nbreak', 'ü'];
  const job = await service.run({
    executable: '/bin/sh',
    arguments: ['-c', 'printf "<%s>" "$@"; printf "|%s|%s" "$A" "$B"', 'sh', ...words],
    environment: { A: '1 2', B: "$(id)'\n" },
  });
  await ended(job);
  assert.equal(job.state, 'Done');
  assert.equal((await job.stdout()).toString(), `${words.map((word) => `<${word}>`).join('')}|1 2|$(id)'\n`);
  assert.equal((await job.stderr()).length, 0);
});

test('a description of a megabyte arrives whole', async (t) => {
  const { service } = local(t);
  const words = Array.from({ length: 20_000 }, (_, n) => `word ${n} 'of' $many`);
  const job = await ended(
    await service.run({
      executable: 'sh',
      arguments: ['-c', 'echo $#; shift 19999; echo "$1"', 'sh', ...words],
    }),
  );
  assert.equal(String(await job.stdout()), "20000\nword 19999 'of' $many\n");
});

test('exit code and signal are told apart from success, with times and host', async (t) => {
  const { service } = local(t);
  const run = (script: string) => service.run({ executable: 'sh', arguments: ['-c', script] }).then(ended);
  const [done, failed, killed, missing] = await Promise.all([
    run('exit 0'),
    run('exit 3'),
    run('kill -9 $$'),
    service.run({ executable: 'no-such-program' }).then(ended),
  ]);
  assert.deepEqual([done?.state, done?.exitCode, done?.reason], ['Done', 0, undefined]);
  assert.deepEqual([failed?.state, failed?.exitCode, failed?.reason], ['Failed', 3, 'non-zero-exit']);
  assert.deepEqual([killed?.state, killed?.exitCode, killed?.facts.signal], ['Failed', undefined, 9]);
  assert.equal(killed?.reason, 'killed-by-signal');
  assert.deepEqual([missing?.state, missing?.exitCode], ['Failed', 127]);
  assert.match(String(await missing?.stderr()), /no-such-program/);
  const { submittedAt, startedAt, endedAt, hosts } = done?.facts ?? {};
  assert.ok(submittedAt && startedAt && endedAt && endedAt >= startedAt);
  assert.equal(hosts?.length, 1);
});

test('a job goes through its states, told to callback and loop alike', async (t) => {
  const { service, directory } = local(t);
  const job = service.createJob({
    executable: 'sh',
    arguments: ['-c', `while [ ! -e ${directory}/go ]; do sleep 0.05; done`],
  });
  assert.equal(job.state, 'New');
  assert.equal(job.id, undefined);
  await assert.rejects(job.cancel(), (error) => isLatchkeyError(error, 'jobs/state'));
  const told: string[] = [];
  job.onChange((change) => told.push(`${change.previous}>${change.facts.state}`));
  await job.run();
  await assert.rejects(job.run(), (error) => isLatchkeyError(error, 'jobs/state'));
  assert.equal(await job.wait({ timeoutMs: 0 }), false);
  assert.equal(job.state, 'Running');
  const seen: JobChange[] = [];
  setTimeout(() => writeFileSync(join(directory, 'go'), ''), 100);
  for await (const change of job) seen.push(change);
  assert.deepEqual(told, ['Pending>Running', 'Running>Done']);
  assert.equal(seen.at(-1)?.facts.state, 'Done');
  assert.deepEqual(await service.list(), [job.id]);
});

test('cancel ends the whole group, with KILL what ignores TERM, and is no failure', async (t) => {
  const { service, directory } = local(t);
  const script = `trap "" TERM; sleep 300 & echo $! > ${directory}/pid; wait; sleep 300`;
  const [polite, stubborn] = await Promise.all([
    service.run({ executable: 'sleep', arguments: ['300'] }),
    service.run({ executable: 'sh', arguments: ['-c', script] }),
  ]);
  while (!existsSync(join(directory, 'pid'))) await stubborn.refresh();
  await Promise.all([polite.cancel(), stubborn.cancel()]);
  await Promise.all([ended(polite), ended(stubborn)]);
  assert.deepEqual([polite.state, polite.reason, polite.facts.signal], ['Canceled', 'cancelled-by-user', 15]);
  assert.deepEqual([stubborn.state, stubborn.facts.signal], ['Canceled', 9]);
  assert.equal(isAlive(Number(readFileSync(join(directory, 'pid'), 'utf8'))), false);
  await assert.rejects(polite.cancel(), (error) => isLatchkeyError(error, 'jobs/state'));
});

test('suspend, resume and signals reach the program', async (t) => {
  const { service } = local(t);
  const job = await service.run({ executable: 'sleep', arguments: ['300'] });
  await job.suspend();
  await job.refresh();
  assert.equal(job.state, 'Suspended');
  await job.resume();
  await job.refresh();
  assert.equal(job.state, 'Running');
  await job.signal('SIGINT');
  await ended(job);
  assert.deepEqual([job.state, job.facts.signal], ['Failed', 2]);
  await assert.rejects(async () => job.signal('USR1; rm -rf /'), TypeError);
});

test('the wall time limit is kept, and is a reason of its own, where SAGA says Canceled', async (t) => {
  const { service, root } = local(t);
  const job = service.createJob({ executable: 'sleep', arguments: ['300'], wallTimeLimit: 1 });
  // A minute is the least that can be asked for: its limit is made shorter here.
  await job.run();
  const tag = readdirSync(root)[0] as string;
  assert.match(readFileSync(join(root, tag, 'launcher'), 'utf8'), /limit 60 </);
  await job.cancel();
  await ended(job);
});

test('lines before and after share the environment; a failing one before fails the job', async (t) => {
  const { service } = local(t);
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', 'echo "$B"; exit 4'],
    preExec: ['export B="x y"'],
    postExec: ['echo after'],
  });
  await ended(job);
  assert.equal((await job.stdout()).toString(), 'x y\nafter\n');
  assert.equal(job.exitCode, 4);
  const failing = await ended(
    await service.run({ executable: 'echo', arguments: ['no'], preExec: ['false'] }),
  );
  assert.deepEqual([failing.state, failing.exitCode, String(await failing.stdout())], ['Failed', 1, '']);
});

test('files go in and come out by all four operators, also from a job that failed', async (t) => {
  const { service, directory } = local(t);
  const at = (name: string) => join(directory, name);
  writeFileSync(at('in put'), 'one\n');
  writeFileSync(at('more'), 'two\n');
  writeFileSync(at('log'), 'before\n');
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', 'cat "data/in put" > out/result; echo late >> out/log; exit 5'],
    preExec: ['mkdir out'],
    fileTransfer: [
      `"${at('in put')}" > "data/in put"`,
      `"${at('more')}" >> "data/in put"`,
      `"${at('result')}" < out/result`,
      `${at('log')} << out/log`,
    ],
  });
  await ended(job);
  assert.equal(job.state, 'Failed');
  assert.equal(readFileSync(at('result'), 'utf8'), 'one\ntwo\n');
  assert.equal(readFileSync(at('log'), 'utf8'), 'before\nlate\n');
  assert.equal(job.trouble, undefined);
  const lost = await ended(
    await service.run({ executable: 'true', fileTransfer: [`${at('x')} < nothing`], cleanup: true }),
  );
  assert.deepEqual([lost.state, lost.trouble?.code], ['Done', 'jobs/staging']);
});

test('what cannot be staged is not submitted, and leaves nothing', async (t) => {
  const { service, root } = local(t);
  const job = service.createJob({ executable: 'true', fileTransfer: ['/no/such/file > x'] });
  await assert.rejects(job.run(), (error) => isLatchkeyError(error, 'jobs/staging'));
  assert.equal(job.state, 'New');
  assert.deepEqual(readdirSync(root), []);
});

test('the sandbox is private, and goes when it was to go', async (t) => {
  const { service, root, directory } = local(t);
  const working = join(directory, 'made', 'here');
  const job = await ended(
    await service.run({
      executable: 'pwd',
      workingDirectory: working,
      output: 'o',
      error: 'o',
      cleanup: true,
    }),
  );
  assert.equal(readFileSync(join(working, 'o'), 'utf8'), `${working}\n`);
  assert.deepEqual(readdirSync(root), []);
  const kept = await ended(await service.run({ executable: 'true' }));
  const tag = readdirSync(root)[0] as string;
  assert.equal(statSync(join(root, tag)).mode & 0o777, 0o700);
  const ours = ['launcher', 'script', 'job.json', 'begin', 'program', 'end'];
  for (const file of ours) assert.equal(statSync(join(root, tag, file)).mode & 0o077, 0, file);
  assert.equal(job.state, 'Done');
  await kept.remove();
  assert.deepEqual(readdirSync(root), []);
});

test('why an input or output cannot be opened is in the standard error', async (t) => {
  const { service } = local(t);
  for (const files of [{ output: 'no/such/place' }, { input: 'nothing' }]) {
    const job = await ended(await service.run({ executable: 'true', ...files }));
    assert.equal(job.state, 'Failed');
    assert.match(String(await job.stderr()), /no\/such\/place|nothing/);
  }
});

test('a job has the umask of its user, as without us', async (t) => {
  const { service } = local(t);
  const token = {
    source: { authority: 'x', isLocal: true, obtain },
    as: 'bearer-token',
    renewable: false,
  } as const;
  for (const credentials of [[], [token]]) {
    const job = await ended(await service.run({ executable: 'sh', arguments: ['-c', 'umask'], credentials }));
    assert.equal(Number.parseInt(String(await job.stdout()), 8), process.umask());
  }
});

async function obtain() {
  return { kind: 'token', issuedAt: new Date(), bytes: new Secret('secret') } as const;
}

test('output is followed while it is written, and its tail can be read', async (t) => {
  const { service } = local(t);
  const job = await service.run({
    executable: 'sh',
    arguments: ['-c', 'echo one; sleep 0.3; echo two; sleep 0.3; printf three'],
  });
  const parts: string[] = [];
  for await (const part of job.follow()) parts.push(part.toString());
  assert.equal(parts.join(''), 'one\ntwo\nthree');
  assert.ok(parts.length > 1, 'all came at the end');
  assert.equal((await job.stdout({ tailBytes: 5 })).toString(), 'three');
});

test('another process takes a job up again by its id alone', async (t) => {
  const { service, root } = local(t);
  const first = await service.run({
    executable: 'sh',
    arguments: ['-c', 'echo hello; sleep 0.5; exit 6'],
    name: 'mine',
  });
  const id = first.id as string;
  await service.close();
  assert.throws(
    () => service.createJob({ executable: 'true' }),
    (error) => isLatchkeyError(error, 'jobs/state'),
  );
  const later = new Service('fork://', { ...FAST, sandboxRoot: root });
  t.after(() => later.close());
  const job = await later.getJob(id);
  assert.equal(job.state, 'Running');
  assert.equal(job.description?.name, 'mine');
  await ended(job);
  assert.deepEqual([job.state, job.exitCode, String(await job.stdout())], ['Failed', 6, 'hello\n']);
  const again = await later.getJob(id);
  assert.equal(again.state, 'Failed');
  await assert.rejects(later.getJob('[local://localhost]-[lk-0]'), (error) =>
    isLatchkeyError(error, 'jobs/not-found'),
  );
  await assert.rejects(later.getJob('[ssh://other]-[1]'), /another service/);
});

test('what a sandbox says of files here is not believed: they are fetched when they are named again', async (t) => {
  const { service, root, directory } = local(t);
  const at = (name: string) => join(directory, name);
  const transfer = `"${at('mine')}" < made`;
  const first = await service.run({
    executable: 'sh',
    arguments: ['-c', 'echo theirs > made; sleep 0.5'],
    fileTransfer: [transfer],
    cleanup: true,
  });
  const id = first.id as string;
  await service.close();
  writeFileSync(at('precious'), 'precious');
  const tag = readdirSync(root)[0] as string;
  const path = join(root, tag, 'job.json');
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  const evil = { local: at('precious'), remote: 'made', direction: 'out', append: false };
  kept.description.transfers = [evil];
  writeFileSync(path, JSON.stringify(kept));
  const take = async (fileTransfer?: readonly string[]) => {
    const later = new Service('local://', { ...FAST, sandboxRoot: root });
    t.after(() => later.close());
    const job = await ended(await later.getJob(id, { fileTransfer }));
    return [job.state, job.trouble?.code];
  };
  assert.deepEqual(await take(), ['Done', 'jobs/staging']);
  assert.equal(readFileSync(at('precious'), 'utf8'), 'precious');
  assert.deepEqual(readdirSync(root), [tag], 'what was not fetched stays');
  assert.deepEqual(await take([transfer]), ['Done', undefined]);
  assert.equal(readFileSync(at('mine'), 'utf8'), 'theirs\n');
  assert.deepEqual(readdirSync(root), []);
});

test('a sandbox that claims to be another, or keeps what no description can be, is not believed', async (t) => {
  const { service, root } = local(t);
  const ids: string[] = [];
  for (let n = 0; n < 2; n += 1) ids.push((await ended(await service.run({ executable: 'true' }))).id ?? '');
  const changes = [{ tag: '../..' }, { description: { executable: 'true', arraySize: 1e12, transfers: [] } }];
  for (const [n, id] of ids.entries()) {
    const path = join(root, id.slice(id.lastIndexOf('[') + 1, -1), 'job.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes[n] }));
    const later = new Service('local://', { ...FAST, sandboxRoot: root });
    t.after(() => later.close());
    const job = await later.getJob(id);
    assert.deepEqual([job.description, job.state], [undefined, 'Done']);
  }
});

test('a job whose launcher and program are gone is never guessed Done', async (t) => {
  const { service, root } = local(t);
  const job = await service.run({ executable: 'sleep', arguments: ['300'] });
  const tag = readdirSync(root)[0] as string;
  const pid = (file: string, field: number) =>
    Number(readFileSync(join(root, tag, file), 'utf8').split(' ')[field]);
  const [launcher, program] = [pid('begin', 1), pid('program', 0)];
  assert.ok(launcher > 1 && program > 1);
  process.kill(launcher, 'SIGKILL');
  await job.refresh();
  assert.equal(job.state, 'Running', 'the program runs still');
  process.kill(program, 'SIGKILL');
  assert.equal(await job.wait({ timeoutMs: 1500 }), false);
  assert.deepEqual([job.state, job.reason], ['Unknown', 'vanished']);
  // The same numbers of other processes do not bring it back.
  writeFileSync(join(root, tag, 'program'), `${process.pid} 1\n`);
  writeFileSync(join(root, tag, 'begin'), `1796072712 ${process.pid} 1 - vm\n`);
  await job.refresh();
  assert.equal(job.state, 'Unknown');
});

test('records that a job has spoilt are its own trouble: the others are told of, and none is forged', async (t) => {
  const { service, root } = local(t);
  // The later of the two in a listing, so that what it forges would count.
  const sleep = () => service.run({ executable: 'sleep', arguments: ['300'] });
  const [other, spoilt] = [await sleep(), await sleep()].sort((a, b) => (`${a.id}` < `${b.id}` ? -1 : 1)) as [
    Job,
    Job,
  ];
  const [second, first] = readdirSync(root).sort() as [string, string];
  await spoilt.cancel();
  await ended(spoilt);
  const forged = `${second}|ended|1796072712 1 1 - vm|1796072712 0 0 -`;
  for (const text of ['\u001b[2J', `x\\n${forged}\n`, 'x'.repeat(3_000_000)]) {
    writeFileSync(join(root, first, 'end'), text);
    const states = Object.fromEntries((await service.overview()).map(({ id, facts }) => [id, facts.state]));
    assert.deepEqual(
      states,
      { [spoilt.id as string]: 'Unknown', [other.id as string]: 'Running' },
      text.slice(0, 80),
    );
  }
  await other.cancel();
  assert.equal((await ended(other)).state, 'Canceled');
});

test('a host is refused where nothing can take the job there, and unsupported attributes are named', async (t) => {
  const { service } = local(t);
  await assert.rejects(
    service.runJob('true', { host: 'other' }),
    (error) => isLatchkeyError(error, 'jobs/unsupported') && /"local".*"candidateHosts"/.test(error.message),
  );
  const job = await ended(await service.runJob('echo "$((1+1))" && exit 2'));
  assert.deepEqual([job.exitCode, String(await job.stdout())], [2, '2\n']);
});

test('many are run, waited for and cancelled together', async (t) => {
  const { service } = local(t);
  const container = new JobContainer(service);
  for (let n = 0; n < 6; n += 1)
    container.add(service.createJob({ executable: 'sleep', arguments: [n === 0 ? '0' : '300'] }));
  await container.run();
  const [first] = await container.wait('any', { timeoutMs: 20_000 });
  assert.equal(first?.state, 'Done');
  await container.cancel();
  assert.equal((await container.wait('all', { timeoutMs: 20_000 })).length, 6);
  assert.deepEqual(container.states.filter((state) => state === 'Canceled').length, 5);
});
