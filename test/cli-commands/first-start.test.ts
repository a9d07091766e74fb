import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workspace } from '../support/workspace.ts';
import { latchkey, occupyUsualPort, serve } from './installation.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** CPU time a process has used so far (Linux counts it in hundredths of a second). */
function cpuMilliseconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test('the first start makes everything, says what to type, and ^C ends it with one line', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  assert.match(server.output(), /^latchkey \S+ · state \.latchkey \(new\)\n/);
  assert.match(
    server.output(),
    /✔ this installation's own CA {2,}\/O=Latchkey [0-9a-f]{4}, RSA 3072, until \d{4}\n/,
  );
  assert.match(server.output(), /✔ host certificate {2,}\S+, localhost, until /);
  for (const command of ['user add jane', 'init -l jane', 'logon -l jane', 'status']) {
    assert.ok(server.output().includes(`npx latchkey ${command}`), command);
  }

  const state = join(directory, '.latchkey');
  for (const name of ['ca', 'host', 'store', 'users']) assert.equal(modeOf(join(state, name)), 0o700, name);
  for (const name of ['ca/ca.key', 'ca/ca.pem', 'host/hostkey.pem'])
    assert.equal(modeOf(join(state, name)), 0o600);
  assert.equal(modeOf(join(state, 'trust')), 0o755);
  const trust = readdirSync(join(state, 'trust'));
  assert.equal(trust.filter((name) => /^[0-9a-f]{8}\.(0|r0|signing_policy)$/.test(name)).length, 6);
  for (const name of trust) assert.equal(modeOf(join(state, 'trust', name)), 0o644);
  assert.equal(readFileSync(join(state, '.gitignore'), 'utf8'), '*\n');

  assert.equal(await server.stop('SIGINT'), 0);
  assert.match(server.output(), /\nlatchkey: stopped\n$/);
  assert.equal(existsSync(join(state, 'running.json')), false);
});

test('the second start takes what is there, in under a second', async (t) => {
  const directory = workspace(t);
  const first = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  await first.stop();
  const state = join(directory, '.latchkey');
  const files = ['ca/ca.pem', 'ca/ca.key', 'host/hostcert.pem', 'host/hostkey.pem', 'latchkey.toml'];
  const before = files.map((file) => readFileSync(join(state, file), 'utf8'));
  // The quickest of three; and on a machine that is busy with other tests, what it would take without them.
  const times: number[] = [];
  const cpu: number[] = [];
  for (let start = 0; start < 3; start += 1) {
    const again = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
    assert.match(again.output(), /^latchkey \S+ · state \.latchkey\n/);
    times.push(again.startedInMs);
    cpu.push(cpuMilliseconds(again.process.pid));
    await again.stop('SIGTERM');
  }
  assert.deepEqual(
    files.map((file) => readFileSync(join(state, file), 'utf8')),
    before,
  );
  t.diagnostic(`listening after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms; CPU ${cpu.join(', ')} ms`);
  assert.ok(
    Math.min(...times) < 1000 || Math.min(...cpu) < 700,
    `the quickest second start took ${Math.min(...times).toFixed(0)} ms, ${Math.min(...cpu)} ms of CPU`,
  );
});

test('log.format = "json": each line is one document, with its time and level', async (t) => {
  const directory = workspace(t);
  await (await serve(t, directory, ['--listen', 'localhost', '--port', '0'])).stop();
  const settings = join(directory, '.latchkey', 'latchkey.toml');
  const log = join(directory, '.latchkey', 'latchkey.log');
  writeFileSync(log, '');
  const lines = readFileSync(settings, 'utf8').replace(/^# format = "json"$/m, 'format = "json"');
  writeFileSync(settings, lines);
  await (await serve(t, directory, ['--listen', 'localhost', '--port', '0'])).stop();
  const told = readFileSync(log, 'utf8').trimEnd().split('\n');
  assert.ok(told.length > 0);
  for (const line of told) {
    const { level, time, msg } = JSON.parse(line);
    assert.deepEqual([typeof level, typeof msg], ['number', 'string'], line);
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
  }
});

test('a busy port: the next free one is taken and told, and clients find it', async (t) => {
  const directory = workspace(t);
  await occupyUsualPort(t);
  const server = await serve(t, directory, ['--listen', 'localhost']);
  assert.match(server.output(), /listening on \S+; 7512 is taken by another server\n/);
  assert.notEqual(server.port, 7512);
  const status = JSON.parse(latchkey(directory, ['status', '--json']).stdout);
  assert.equal(status.server.port, server.port);
  assert.equal(status.server.running, true);
});

test('a port that was asked for is not exchanged for another', async (t) => {
  const directory = workspace(t);
  await occupyUsualPort(t);
  const run = latchkey(directory, ['serve', '--listen', 'localhost', '--port', '7512']);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /^latchkey: port 7512.*in use/i);
});

test('one state is served once at a time', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  const second = latchkey(directory, ['serve', '--port', '0']);
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    new RegExp(`^latchkey: this state is being served already, on port ${server.port}\n {2}hint: `),
  );
});

test('a server that was killed leaves nothing that is in the way', async (t) => {
  const directory = workspace(t);
  const server = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  await server.stop('SIGKILL');
  assert.equal(existsSync(join(directory, '.latchkey', 'running.json')), true);
  const status = JSON.parse(latchkey(directory, ['status', '--json']).stdout);
  assert.equal(status.server.running, false);
  const again = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  assert.equal(await again.stop(), 0);
});

test('--json: one line when it listens; --state and LATCHKEY_STATE put the state elsewhere', async (t) => {
  const directory = workspace(t);
  const elsewhere = join(directory, 'elsewhere');
  const server = await serve(t, directory, [
    '--json',
    '--listen',
    'localhost',
    '--port',
    '0',
    '--state',
    elsewhere,
  ]);
  const document = JSON.parse(server.output());
  assert.equal(document.listening.port, server.port);
  assert.equal(document.tokens, join(elsewhere, 'tokens'));
  assert.match(document.dn, /^\/O=Latchkey [0-9a-f]{4}\/CN=/);
  assert.equal(existsSync(join(directory, '.latchkey')), false);
  const env = { LATCHKEY_STATE: elsewhere };
  const status = JSON.parse(latchkey(directory, ['status', '--json'], { env }).stdout);
  assert.equal(status.server.state, elsewhere);
});

test('a legacy configuration is served, with a line for what is worth knowing', async (t) => {
  const directory = workspace(t);
  const made = await serve(t, directory, ['--listen', 'localhost', '--port', '0']);
  await made.stop();
  const { mkdirSync, writeFileSync } = await import('node:fs');
  mkdirSync(join(directory, 'store'), { mode: 0o700 });
  writeFileSync(
    join(directory, 'myproxy-server.config'),
    'accepted_credentials "*"\nauthorized_retrievers "*"\nauthorized_renewers "*"\n',
  );
  const state = join(directory, '.latchkey');
  const env = {
    X509_CERT_DIR: join(state, 'trust'),
    X509_USER_CERT: join(state, 'host/hostcert.pem'),
    X509_USER_KEY: join(state, 'host/hostkey.pem'),
    X509_USER_PROXY: undefined,
  };
  const argv = ['-c', 'myproxy-server.config', '--storage', 'store', '--listen', 'localhost', '--port', '0'];
  const server = await serve(t, directory, argv, env);
  assert.match(server.output(), /^latchkey \S+ · myproxy-server\.config\n/);
  assert.match(server.output(), /! authorized_renewers is \*/);
  assert.equal(await server.stop(), 0);
});
