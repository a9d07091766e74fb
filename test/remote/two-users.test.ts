// Two accounts on one machine: neither gets at the other's links, jobs and keys, and neither is given the other's listener for its own.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, makePrivateDirectory, Secret } from '../../src/kit/index.ts';
import { connectObject, Exposed, formatLocation, ObjectServer, type PyroDict } from '../../src/pyro/index.ts';
import { connectLinked, HERE, Links } from '../../src/remote/index.ts';
import { type ForwardEnd, openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { bundledProgram } from '../support/bundled-program.ts';
import { freePort } from '../support/free-port.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd, throwAwayUser } from '../support/sshd.ts';
import { endsWith, workspace } from '../support/workspace.ts';

const NOBODY = 65_534;
const AS_NOBODY = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];

/** Only root can be two users. */
function canBeTwo(t: TestContext, ...programs: string[]): boolean {
  if (process.getuid?.() !== 0) {
    t.skip('needs root');
    return false;
  }
  return havePeers(t, 'setpriv', ...programs);
}

/** What another account gets of a path: the error of its attempt to connect, to read or to list, or that it could. */
function asNobody(attempt: 'connect' | 'read' | 'list', path: string): string {
  const script = `
const [attempt, path] = process.argv.slice(1);
const fs = require('node:fs');
const say = (text) => process.stdout.write(String(text));
if (attempt === 'connect')
  require('node:net').connect(path).on('connect', function () { say('could'); this.destroy(); }).on('error', ({ code }) => say(code));
else try { attempt === 'read' ? fs.readFileSync(path) : fs.readdirSync(path); say('could'); } catch ({ code }) { say(code); }`;
  const { stdout, stderr } = spawnSync(
    'setpriv',
    [...AS_NOBODY, process.execPath, '-e', script, attempt, path],
    {
      encoding: 'utf8',
      cwd: '/',
      timeout: 20_000,
    },
  );
  return stdout === '' ? stderr : stdout;
}

const socketOf = (end: ForwardEnd) => ('socketPath' in end ? end.socketPath : '');

async function served(t: TestContext, directory: string, name: string) {
  const key = new Secret(`the key of ${name}`);
  const server = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 }, token: key });
  endsWith(t, directory, () => server.close(0));
  const uri = server.publish(new Exposed({ methods: { whose: () => name } }), 'model');
  return { uri, key, port: Number(/:(\d+)$/.exec(uri)?.[1]) };
}

test('the sockets of links, here and over there, of a model server and of its jobs cannot be opened by another account, nor their keys be read', async (t) => {
  if (!canBeTwo(t, 'ssh', 'sshd', 'ssh-keygen')) return;
  const ground = await startSshd(t);
  const model = join(ground.directory, 'model.mjs');
  writeFileSync(model, 'export class Model { a() {} }');
  const server = await modelServerProcess(t, ['--class', `${model}#Model`], {
    directory: join(ground.directory, 'models'),
  });
  const client = await server.connect();
  const job = (await client.call('allocate', ['jane'])) as PyroDict;
  const [, jobSocket = ''] = /u:(.*)$/.exec(String(job.uri)) ?? [];
  const connection = await openSsh(sshOptions(ground));
  const links = new Links({ connect: async () => connection });
  endsWith(t, ground.directory, async () => {
    await links.close();
    await connection.close();
  });
  const place = { machine: 'thermal', end: { socketPath: jobSocket } };
  const mine = await links.open(place);
  const there = await links.open({ machine: HERE, end: mine.end }, { observer: 'mechanical' });
  const own = await connectLinked(links, String(job.uri), {
    machine: 'thermal',
    token: new Secret(String(job.key)),
  });
  assert.deepEqual(own.object.methods.includes('a'), true);
  await own.close();
  for (const path of [
    socketOf(mine.end),
    socketOf(there.end),
    jobSocket,
    join(server.directory, 'server'),
    join(server.directory, 'control'),
  ])
    assert.equal(asNobody('connect', path), 'EACCES', path);
  for (const path of ['key', 'state.json', 'jobs/1/job.log'])
    assert.equal(asNobody('read', join(server.directory, path)), 'EACCES', path);
  const { process: jobProcess } = JSON.parse(readFileSync(join(server.directory, 'state.json'), 'utf8'))
    .jobs[0];
  // Where a job reports is a descriptor that it inherits: no address that another account could speak to first.
  assert.equal(asNobody('list', `/proc/${jobProcess.pid}/fd`), 'EACCES');
  assert.equal(asNobody('read', `/proc/${jobProcess.pid}/environ`), 'EACCES');
});

test('two users relay to one machine by the same port: the second is refused; by links each has its own, and reaches its own job', async (t) => {
  if (!canBeTwo(t, 'ssh', 'sshd', 'ssh-keygen', 'useradd', 'userdel', 'chpasswd')) return;
  // The worst case: where sockets are forbidden, listeners are ports, which every account can connect to.
  const ground = await startSshd(t, { config: ['AllowStreamLocalForwarding no'] });
  const joe = throwAwayUser(t);
  copyFileSync(
    join(ground.directory, 'authorized', ground.user),
    join(ground.directory, 'authorized', joe.name),
  );
  const options = sshOptions(ground);
  const logins: Record<string, SshConnection> = {};
  for (const user of [ground.user, joe.name]) {
    const connection = await openSsh({ ...options, target: { ...options.target, user } });
    logins[user] = connection;
    endsWith(t, ground.directory, () => connection.close());
  }
  const [first, second] = [logins[ground.user], logins[joe.name]] as [SshConnection, SshConnection];
  const [ours, theirs] = [
    await served(t, ground.directory, 'jane'),
    await served(t, ground.directory, 'joe'),
  ];
  // As MuPIF has it: both ask for 6000.
  const port = await freePort();
  const listen = { host: '127.0.0.1', port };
  const held = await first.forward({ kind: 'remote', listen, connect: { port: ours.port } });
  await assert.rejects(
    second.forward({ kind: 'remote', listen, connect: { port: theirs.port } }),
    (error) => isLatchkeyError(error, 'ssh/forward') && error.details.reason === 'taken',
  );
  // Nor is the ::1 of the same port taken for it, which ssh without an address would have.
  assert.equal(second.forwards.length, 0);

  const linked = await Promise.all(
    [
      { login: first, job: ours },
      { login: second, job: theirs },
    ].map(async ({ login, job }) => {
      const links = new Links({ connect: async () => login });
      endsWith(t, ground.directory, () => links.close());
      const place = { machine: HERE, end: { host: '127.0.0.1', port: job.port } };
      const link = await links.open(place, { observer: 'mechanical' });
      assert.deepEqual([link.state, link.isShared], ['proven', true]);
      return {
        ...job,
        uri: `PYRO:model@${formatLocation(link.end as { host: string; port: number })}`,
      };
    }),
  );
  const [jane, joes] = linked as [(typeof linked)[0], (typeof linked)[0]];
  assert.equal(new Set([jane.uri, joes.uri, `PYRO:model@127.0.0.1:${port}`]).size, 3);
  for (const [side, name] of [
    [jane, 'jane'],
    [joes, 'joe'],
  ] as const) {
    await using object = await connectObject(side.uri, { token: side.key });
    assert.equal(await object.call('whose'), name);
  }
  // A port is open to every account; what is behind it is not, to who does not know the key.
  await assert.rejects(connectObject(jane.uri, { token: joes.key }), (error) =>
    isLatchkeyError(error, 'pyro/wrong-peer'),
  );
  await assert.rejects(connectObject(jane.uri), (error) => isLatchkeyError(error, 'pyro/refused'));
  await held.close();
});

test("a file that another account's client puts is the job's, and one that it fetches is that account's, with the modes they had", async (t) => {
  if (!canBeTwo(t)) return;
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const theirs = join(directory, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, NOBODY, NOBODY);
  const model = join(directory, 'model.mjs');
  writeFileSync(model, 'export class Model { a() {} }');
  const port = await freePort();
  const server = await modelServerProcess(t, ['--class', `${model}#Model`, '--listen', `127.0.0.1:${port}`], {
    directory: join(directory, 'models'),
  });
  const script = join(directory, 'client.mjs');
  await bundledProgram(
    script,
    `
import { writeFileSync, chmodSync } from 'node:fs';
import { connectObject } from './src/pyro/index.ts';
import { Secret } from './src/kit/index.ts';
import { getFile, putFile } from './src/remote/model-server/files/transfer.ts';
process.umask(0o077);
writeFileSync('in', 'input');
chmodSync('in', 0o640);
const client = await connectObject('PYRO:models@127.0.0.1:${port}', { hmacKey: new Secret(process.env.KEY), version: 4, serializer: 'msgpack' });
const { jobID } = await client.call('allocate', ['joe']);
await putFile(client, jobID, 'in', 'input.in');
await getFile(client, jobID, 'input.in', 'out');
console.log(process.getuid());
process.stdin.on('end', () => client.close()).resume();
`,
  );
  const child = spawn('setpriv', [...AS_NOBODY, process.execPath, script], {
    cwd: theirs,
    env: { PATH: process.env.PATH, KEY: server.key.revealText(), HOME: theirs },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  endsWith(t, directory, async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  let [said, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    complaint += chunk;
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  assert.equal(said, `${NOBODY}\n`, complaint);
  const put = statSync(join(server.directory, 'jobs/1/work/input.in'));
  assert.deepEqual([put.uid, put.mode & 0o777], [0, 0o640]);
  const fetched = statSync(join(theirs, 'out'));
  assert.deepEqual([fetched.uid, fetched.mode & 0o777], [NOBODY, 0o640]);
  assert.equal(readFileSync(join(theirs, 'out'), 'utf8'), 'input');
});

test('where another account could put its own directory in the place of a private one, none is made', async (t) => {
  if (!canBeTwo(t)) return;
  const directory = workspace(t);
  chmodSync(directory, 0o755);
  const [theirs, everybodys, sticky] = ['theirs', 'everybodys', 'sticky'].map((name) =>
    join(directory, name),
  );
  for (const path of [theirs, everybodys, sticky]) mkdirSync(path ?? '');
  chownSync(theirs ?? '', NOBODY, NOBODY);
  chmodSync(theirs ?? '', 0o1777);
  chmodSync(everybodys ?? '', 0o777);
  chmodSync(sticky ?? '', 0o1777);
  const swap = 'mv "$1" "$1.mine" && mkdir -m 777 "$1"';
  for (const [parent, isTrusted] of [
    [theirs, false],
    [everybodys, false],
    [join(theirs ?? '', 'within'), false],
    [sticky, true],
  ] as const) {
    if (parent?.endsWith('within')) mkdirSync(parent, { mode: 0o700 });
    const made = await makePrivateDirectory(parent ?? '').catch((error: unknown) => error);
    assert.equal(typeof made === 'string', isTrusted, `${parent}: ${made}`);
    if (typeof made !== 'string') assert.ok(isLatchkeyError(made, 'file/unsafe'), String(made));
    else
      assert.notEqual(
        spawnSync('setpriv', [...AS_NOBODY, 'sh', '-c', swap, 'swap', made], { timeout: 20_000 }).status,
        0,
      );
  }
});
