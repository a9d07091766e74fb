// The tools for people: a status on terminals of any size, and a test that leaves no job behind.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { spawn } from '@lydell/node-pty';
import { runProgram, Secret } from '../../src/kit/index.ts';
import { connectObject, Exposed, ObjectServer, type PyroDict } from '../../src/pyro/index.ts';
import { modelAccess, RegistryServer } from '../../src/remote/index.ts';
import { bundledProgram } from '../support/bundled-program.ts';
import { latchkey, latchkeyWith, modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { endsWith, workspace } from '../support/workspace.ts';

const DAY = 86_400;
const CLEAR = '\u001b[H\u001b[2J';

/** A stand-in for a model server: it says that it has sixty jobs, some of which are older than a day. */
async function sixtyJobs(t: TestContext): Promise<string> {
  const directory = workspace(t);
  const currJobs = Array.from({ length: 60 }, (_, n) => ({
    ...{ key: `${n + 1}@Models`, user: 'jane@laptop', state: 'running', isLive: true },
    ...{ port: 9095 + n, running: n * (DAY / 2), ending: null },
  }));
  const status = { name: 'Models', currJobs, totalJobs: 60, maxJobs: 60, freeJobs: 0, waiting: 0 };
  const server = await ObjectServer.listen({ address: { path: join(directory, 'control') } });
  server.publish(
    new Exposed({ methods: { getStatusExtended: () => ({ ...status, isDraining: false }) } }),
    'models',
  );
  endsWith(t, directory, () => server.close(0));
  return directory;
}

interface Terminal {
  /** What it shows since it was last cleared. */
  frame(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  readonly ended: Promise<number>;
}

function onTerminal(
  t: TestContext,
  args: readonly string[],
  size: { readonly cols: number; readonly rows: number },
  env: NodeJS.ProcessEnv = process.env,
): Terminal {
  const terminal = spawn(process.execPath, [latchkeyExecutable, ...args], { env, ...size });
  let screen = '';
  terminal.onData((data) => {
    screen += data;
  });
  let isEnded = false;
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      isEnded = true;
      resolve(exitCode);
    });
  });
  t.after(() => {
    if (!isEnded) terminal.kill();
  });
  return {
    frame: () => (screen.includes(CLEAR) ? screen.slice(screen.lastIndexOf(CLEAR) + CLEAR.length) : ''),
    type: (keys) => terminal.write(keys),
    resize: (columns, rows) => terminal.resize(columns, rows),
    ended,
  };
}

test('sixty jobs on terminals of 80 by 24 and 20 by 5: nothing scrolls, what is left out is counted, and q ends it', async (t) => {
  const directory = await sixtyJobs(t);
  const watch = ['models', 'status', '--watch', '-D', directory];
  const terminal = onTerminal(t, watch, { cols: 80, rows: 24 });
  await until(() => /… \d+ more$/.test(terminal.frame()), 'a whole frame');
  const lines = terminal.frame().split('\r\n');
  assert.equal(lines.length, 24);
  assert.match(lines[0] ?? '', /^Models: 60 of 60 jobs, 0 free$/);
  assert.match(lines[3] ?? '', /^1@Models +running/);
  assert.match(lines[13] ?? '', /^11@Models +running/);
  assert.equal(lines[23], '… 40 more');
  // Hours are hours, and days days: half a day and a day and a half.
  assert.match(lines[4] ?? '', / 12 h /);
  assert.match(lines[6] ?? '', / 1 d 12 h /);
  terminal.resize(20, 5);
  await until(() => terminal.frame().split('\r\n').length === 5, 'it fits the smaller terminal');
  await until(() => /… 59 more$/.test(terminal.frame()), 'a whole frame');
  for (const line of terminal.frame().split('\r\n')) assert.ok([...line].length <= 20, line);
  terminal.type('q');
  assert.equal(await terminal.ended, 0);
});

test('not on a terminal the status is all of it, and in --json', async (t) => {
  const directory = await sixtyJobs(t);
  const { out } = await latchkey(['models', 'status', '-D', directory]);
  assert.equal(out.match(/@Models +running/g)?.length, 60);
  assert.match(out, /\n60@Models +running +jane@laptop +29 d 12 h +9154\n/);
  const json = await latchkey(['models', 'status', '-D', directory, '--json']);
  assert.equal(JSON.parse(json.out).currJobs[59].running, 59 * (DAY / 2));
});

/** A server in a registry, as jobManStatus finds it. */
async function registered(t: TestContext, model: string, more: readonly string[] = []) {
  const key = new Secret('a key of our own');
  const registry = await RegistryServer.listen({ address: { host: '127.0.0.1', port: 0 }, hmacKey: key });
  t.after(() => registry.close());
  const { port } = registry.address as { port: number };
  const directory = workspace(t);
  const [file, keyFile] = [join(directory, 'model.mjs'), join(directory, 'k')];
  writeFileSync(file, model);
  writeFileSync(keyFile, key.revealText(), { mode: 0o600 });
  const words = [
    '--ns',
    `127.0.0.1:${port}`,
    '--name',
    'M',
    '--listen',
    '127.0.0.1:0',
    '--key-file',
    keyFile,
  ];
  const server = await modelServerProcess(t, [...words, '--class', `${file}#Model`, ...more], {
    directory: join(directory, 'models'),
    key,
  });
  await until(() => registry.size > 0, 'it is registered');
  const env = { ...process.env, MUPIF_HKEY: key.revealText() };
  return { server, env, where: ['-j', 'M', '-n', '127.0.0.1', '-r', String(port)] };
}

test('jobManStatus is a screen on a terminal; that it ends, by q, ^C or a closed terminal, ends no server and no job', async (t) => {
  const { server, env, where } = await registered(t, 'export class Model { a() {} }');
  const client = await server.connect();
  const { jobID } = (await client.call('allocate', ['jane'])) as PyroDict;
  const jobManStatus = ['tool', 'jobManStatus', ...where];
  const operators = ['models', 'status', '--watch', '-D', server.directory];
  for (const [keys, words] of [
    ['q', jobManStatus],
    ['\u0003', jobManStatus],
    ['q', operators],
  ] as const) {
    const terminal = onTerminal(t, words, { cols: 80, rows: 24 }, env);
    await until(() => /1@M +running +jane/.test(terminal.frame()), 'the job is shown');
    terminal.type(keys);
    assert.equal(await terminal.ended, 0);
  }
  const closed = spawn(process.execPath, [latchkeyExecutable, ...jobManStatus], { env });
  await new Promise<void>((resolve) => closed.onData(() => resolve()));
  const gone = new Promise((resolve) => closed.onExit(resolve));
  closed.kill('SIGHUP');
  await gone;
  assert.equal(server.process.exitCode, null);
  assert.equal(((await client.call('getJobStatus', [String(jobID)])) as PyroDict).state, 'running');
});

test('a job that ended by itself, with code 0 too, is listed as ended, and how', async (t) => {
  const { server, env, where } = await registered(t, 'export class Model { a() {} }');
  const client = await server.connect();
  const job = (await client.call('allocate', ['jane'])) as PyroDict;
  const model = await connectObject(String(job.uri), modelAccess('hmac', new Secret(String(job.key)))).catch(
    () => connectObject(String(job.uri), modelAccess('token', new Secret(String(job.key)))),
  );
  await model.call('terminate');
  await model.close();
  await until(
    async () => ((await client.call('getJobStatus', [String(job.jobID)])) as PyroDict).state === 'ended',
    'its end is seen',
  );
  const { out } = await latchkeyWith(['tool', 'jobManStatus', ...where], env);
  assert.match(out, /^M: 0 of 4 jobs, 4 free\n/);
  assert.match(out, /\n1@M +ended +jane .*exited, exit code 0\n/);
});

/** A model that lets one connection in, which is the server's own proof, and hangs up on whoever comes then. */
const DEAF = `
import { Secret } from './src/kit/index.ts';
import { Exposed, ObjectServer } from './src/pyro/index.ts';
import { connect, createServer, Socket } from 'node:net';
const channel = new Socket({ fd: Number(process.env.LATCHKEY_MODEL_FD), readable: true, writable: true });
channel.setEncoding('utf8').once('data', async (line) => {
  const { token, key, listen } = JSON.parse(line);
  const path = listen.unix + '2';
  const server = await ObjectServer.listen({ address: { path }, token: new Secret(key) });
  server.publish(new Exposed({ methods: { a: () => 1 } }), 'model');
  let connections = 0;
  const door = createServer((socket) => {
    connections += 1;
    if (connections > 1) return socket.destroy();
    const inner = connect(path);
    for (const [one, other] of [[socket, inner], [inner, socket]]) one.on('error', () => other.destroy()).pipe(other);
  });
  door.listen(listen.unix, () => {
    const uri = 'PYRO:model@./u:' + listen.unix;
    channel.write(JSON.stringify({ token, uri, protection: 'token' }) + '\\n');
  });
});
`;

test('latchkey models test, as cron runs it: code 0 and no job left when all is well; else not 0, the cause, and no job left', async (t) => {
  const directory = workspace(t);
  const [good, bad, deaf] = ['good.mjs', 'bad.mjs', 'deaf.mjs'].map((name) => join(directory, name));
  await bundledProgram(deaf ?? '', DEAF);
  writeFileSync(good ?? '', 'export class Model { a() {} }');
  writeFileSync(bad ?? '', 'export class Model { constructor() { throw new Error("no licence is free"); } }');
  const left = async (place: string) => {
    const { out } = await latchkey(['models', 'status', '-D', place, '--json']);
    const { totalJobs, freeJobs, maxJobs } = JSON.parse(out);
    return [totalJobs, freeJobs === maxJobs];
  };
  const well = await modelServerProcess(t, ['--class', `${good}#Model`, '--max-jobs', '1']);
  for (let n = 0; n < 3; n += 1) {
    const { code, err } = await latchkey(['models', 'test', '-D', well.directory]);
    assert.deepEqual([code, err], [0, '']);
  }
  assert.deepEqual(await left(well.directory), [0, true]);

  const holder = await well.connect();
  await holder.call('allocate', ['jane']);
  const full = await latchkey(['models', 'test', '-D', well.directory]);
  assert.deepEqual(
    [full.code, full.out, /the one job of .* is taken/.test(full.err)],
    [1, '', true],
    full.err,
  );

  const ill = await modelServerProcess(t, ['--class', `${bad}#Model`]);
  const failed = await latchkey(['models', 'test', '-D', ill.directory]);
  assert.deepEqual([failed.code, failed.out], [1, '']);
  assert.match(failed.err, /no licence is free/);
  assert.deepEqual(await left(ill.directory), [0, true]);

  const mute = await modelServerProcess(t, ['--', process.execPath, deaf ?? '']);
  const lost = await latchkey(['models', 'test', '-d', '-D', mute.directory]);
  assert.deepEqual([lost.code, lost.out], [1, ''], lost.err);
  assert.match(lost.err, /is there: PYRO:model@.*\n.* has ended\n/);
  assert.deepEqual(await left(mute.directory), [0, true]);
});

test('a state directory that others could have put here is not used, unless it is named', async (t) => {
  const cwd = workspace(t);
  mkdirSync(join(cwd, '.latchkey'));
  chmodSync(join(cwd, '.latchkey'), 0o777);
  const run = async (...more: string[]) => {
    const args = [latchkeyExecutable, 'models', 'status', ...more];
    const { code, stderr } = await runProgram(process.execPath, args, { cwd });
    return [code, stderr.toString()] as const;
  };
  const [code, said] = await run();
  assert.match(said, /made by somebody else, or others may write to it/);
  assert.notEqual(code, 0);
  assert.match((await run('--state', '.latchkey'))[1], /no model server runs in/);
  chmodSync(join(cwd, '.latchkey'), 0o700);
  assert.match((await run())[1], /no model server runs in/);
});
