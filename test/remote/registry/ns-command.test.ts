import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../../src/kit/index.ts';
import { Exposed, expose, ObjectServer } from '../../../src/pyro/index.ts';
import { latchkeyExecutable } from '../../support/our-tools.ts';
import { endTree } from '../../support/processes.ts';
import { endsWith, workspace } from '../../support/workspace.ts';

interface Stage {
  readonly home: string;
  readonly ns: string;
  run(...words: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
}

/** `latchkey ns run` in a home of its own. */
async function stage(t: TestContext, ...options: string[]): Promise<Stage> {
  const home = workspace(t);
  const env = { PATH: process.env.PATH ?? '', HOME: home, LATCHKEY_TEST_MARK: home };
  const words = ['ns', 'run', '--port', '0', '--names', join(home, 'names.json'), ...options];
  const child = spawn(process.execPath, [latchkeyExecutable, ...words], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  endsWith(t, home, () => endTree(child.pid ?? 0, home));
  const ns = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      const match = /listens on (\S+),/.exec(said);
      if (match !== null) resolve(match[1] ?? '');
    });
    child.once('close', () => reject(new Error(said)));
  });
  return {
    home,
    ns,
    async run(...argv) {
      const { code, stdout, stderr } = await runProgram(process.execPath, [latchkeyExecutable, ...argv], {
        env: { ...env, MUPIF_NS: ns },
        timeoutMs: 60_000,
      });
      return { code, out: stdout.toString(), err: stderr.toString() };
    },
  };
}

test('latchkey ns: a registry is run, listed, tested and cleaned up from the command line', async (t) => {
  const { run, ns } = await stage(t);
  const alone = await run('ns', 'test');
  assert.match(alone.out, /\(from MUPIF_NS in the environment\) is a registry of ours, and answers in/);
  const objects = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  t.after(() => objects.close());
  const uri = objects.publish(expose({ hello: () => 'hello' }, { methods: ['hello'] }));
  const { RegistryClient } = await import('../../../src/remote/index.ts');
  const port = Number(ns.split(':')[1]);
  const client = await RegistryClient.connect({ host: '127.0.0.1', port });
  t.after(() => client.close());
  await client.register({ name: 'a.model', uri, tags: ['type:model'], leaseSeconds: 60 });
  await client.register({ name: 'gone', uri: 'PYRO:x@127.0.0.1:1', tags: [] });

  const listed = await run('ns', 'list', 'a.');
  assert.equal(listed.code, 0);
  assert.ok(listed.out.startsWith(`a.model  ${uri}\n    tags type:model\n    ends in `), listed.out);
  const json = JSON.parse((await run('ns', 'list', '--tags', 'type:model', '--json')).out);
  assert.deepEqual(
    json.entries.map((entry: { name: string }) => entry.name),
    ['a.model'],
  );
  assert.match((await run('ns', 'test', 'a.model')).out, /it has 1 method\n/);
  const dead = await run('ns', 'test', 'gone');
  assert.notEqual(dead.code, 0);
  assert.match(dead.err, /127\.0\.0\.1:1/);
  assert.equal((await run('ns', 'remove', 'gone')).out, 'gone is removed\n');
  assert.deepEqual(await run('ns', 'remove', 'gone'), { code: 1, out: 'there was no name gone\n', err: '' });
});

test('latchkey ns: with a key, who has none gets a clear error, and the key is nowhere to be seen', async (t) => {
  const home = workspace(t);
  const file = join(home, 'key');
  writeFileSync(file, 'canary-key\n', { mode: 0o600 });
  const { run } = await stage(t, '--key-file', file);
  assert.match((await run('ns', 'test', '--key-file', file)).out, /answers in/);
  const without = await run('ns', 'test');
  assert.notEqual(without.code, 0);
  assert.match(without.err, /no registry at 127\.0\.0\.1:\d+ \(from MUPIF_NS in the environment\)/);
  assert.doesNotMatch(JSON.stringify([without, await run('ns', 'list', '--key-file', file)]), /canary-key/);
  const other = join(home, 'other');
  writeFileSync(other, 'wrong-canary\n', { mode: 0o600 });
  const wrong = await run('ns', 'list', '--key-file', other);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.err, /no registry at 127\.0\.0\.1:\d+ .*key/is);
  assert.doesNotMatch(JSON.stringify(wrong), /canary/);
  const open = join(home, 'open');
  writeFileSync(open, 'k\n', { mode: 0o644 });
  assert.match((await run('ns', 'test', '--key-file', open)).err, /others can read the key/);
});

test('latchkey ns: where there is no registry, it is said where it was looked for, and what to do', async (t) => {
  const { run } = await stage(t);
  const nowhere = await run('ns', 'list', '--ns', '127.0.0.1:1');
  assert.notEqual(nowhere.code, 0);
  assert.match(nowhere.err, /no registry at 127\.0\.0\.1:1 \(from the command line\)/);
  assert.match(nowhere.err, /hint: /);
  assert.match((await run('ns', 'list', '--ns', 'a b')).err, /"a b" is no address of a registry/);
});

test('latchkey ns: with no model server at all, a listing of them is empty and no failure', async (t) => {
  const { run } = await stage(t);
  assert.deepEqual(await run('ns', 'list', '--tags', 'type:jobmanager'), { code: 0, out: '', err: '' });
  const json = await run('ns', 'list', '--tags', 'type:jobmanager', '--json');
  assert.deepEqual(JSON.parse(json.out), { entries: [] });
  const none = await run('models', 'test', '--name', 'Mupif.JobManager@Example');
  assert.deepEqual([none.code, none.out], [5, '']);
  assert.match(none.err, /unknown name: "Mupif\.JobManager@Example"/);
});

test('latchkey ns list: what another name server has taken forges no lines and moves no cursor', async (t) => {
  const server = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  t.after(() => server.close());
  const forged = {
    'a\u001b[2J': [`PYRO:x\u001b[31m@h:1`, ['type:x\nforged  PYRO:y@h:1']],
  };
  server.publish(
    new Exposed({
      methods: { list: () => forged, yplookup: () => forged, count: () => 1, ping: () => null },
    }),
    'Pyro.NameServer',
  );
  const { port } = server.address as { port: number };
  const { stdout, stderr } = await runProgram(
    process.execPath,
    [latchkeyExecutable, 'ns', 'list', '--ns', `127.0.0.1:${port}`],
    { env: { PATH: process.env.PATH ?? '', HOME: workspace(t) }, timeoutMs: 60_000 },
  );
  assert.match(
    stdout.toString(),
    /^a\?\[2J {2}PYRO:x\?\[31m@h:1\n {4}tags type:x\?forged/,
    stderr.toString(),
  );
});
