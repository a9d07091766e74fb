import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../kit/index.ts';
import { readPassPhrase } from './pass-phrase.ts';
import { type ToolContext, ToolExit } from './tool.ts';

/** A user who types, and an input that holds, these answers. */
function user(...answers: (string | undefined)[]): ToolContext & { readonly asked: string[] } {
  const asked: string[] = [];
  const next = (): string | undefined => answers.shift();
  return {
    asked,
    name: 'tool',
    env: {},
    uid: 1000,
    now: () => new Date(0),
    out: () => {},
    err: () => {},
    readLine: () => Promise.resolve(next()),
    readInput: () => Promise.resolve(Buffer.alloc(0)),
    hasTerminal: () => Promise.resolve(true),
    askSecret: (prompt) => {
      asked.push(prompt);
      const answer = next();
      return Promise.resolve(answer === undefined ? undefined : new Secret(answer));
    },
  };
}

const complaint = (text: string) => (error: unknown) => error instanceof ToolExit && error.stderr === text;

test('pass phrase: typed once, or twice when it is new', async () => {
  assert.equal((await readPassPhrase(user('secret'), { fromStdin: false })).revealText(), 'secret');
  const careful = user('secret', 'secret');
  await readPassPhrase(careful, { fromStdin: false, verify: true });
  assert.deepEqual(careful.asked, ['Enter MyProxy pass phrase:', 'Verifying - Enter MyProxy pass phrase:']);
});

test('pass phrase: a line of standard input is not verified', async () => {
  assert.equal(
    (await readPassPhrase(user('secret'), { fromStdin: true, verify: true })).revealText(),
    'secret',
  );
});

test('pass phrase: empty is allowed, one to five characters are not', async () => {
  assert.ok((await readPassPhrase(user(''), { fromStdin: true })).isEmpty);
  const short = complaint('Passphrase must be at least 6 characters long.\n');
  await assert.rejects(readPassPhrase(user('12345'), { fromStdin: true }), short);
  await assert.rejects(readPassPhrase(user('12345'), { fromStdin: false }), short);
});

test('pass phrase: nothing to read, nothing typed, two that differ', async () => {
  await assert.rejects(readPassPhrase(user(), { fromStdin: true }), complaint('Error reading passphrase\n'));
  await assert.rejects(
    readPassPhrase(user(), { fromStdin: false }),
    complaint('Error entering passphrase.\n'),
  );
  await assert.rejects(
    readPassPhrase(user('secret1', 'secret2'), { fromStdin: false, verify: true }),
    complaint('Verify failure\nError entering passphrase.\n'),
  );
});
