import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, Secret } from '../../src/kit/index.ts';
import { AskpassServer } from '../../src/ssh/askpass/server.ts';
import { workspace } from '../support/workspace.ts';

test('a question is answered once a login, by its own hop, and a strange one never', async (t) => {
  const directory = workspace(t);
  const server = await AskpassServer.start(directory, async ({ hop, prompt }) =>
    prompt === 'secret?'
      ? new Secret(`of hop ${hop}`)
      : prompt === 'two lines?'
        ? new Secret('a\nb')
        : undefined,
  );
  t.after(() => server.close());
  assert.equal(statSync(join(directory, 'ask')).mode & 0o777, 0o600);
  const ask = async (prompt: string, hop?: string) => {
    const env = { PATH: process.env.PATH, ...(hop === undefined ? {} : { LATCHKEY_HOP: hop }) };
    const { code, stdout } = await runProgram(server.program, [prompt], { env });
    return [code, stdout.toString()];
  };
  assert.deepEqual(await ask('secret?'), [0, 'of hop 0\n']);
  assert.deepEqual(await ask('secret?'), [1, '']);
  assert.deepEqual(await ask('secret?', '2'), [0, 'of hop 2\n']);
  assert.deepEqual(await ask('Are you sure you want to continue connecting (yes/no/[fingerprint])? '), [
    1,
    '',
  ]);
  assert.deepEqual(await ask('two lines?'), [1, '']);
  assert.deepEqual(server.rejected, ['secret?']);
  assert.equal(server.unanswered.length, 2);
  server.forget();
  assert.deepEqual(await ask('secret?'), [0, 'of hop 0\n']);
});
