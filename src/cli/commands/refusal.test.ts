import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { explainRefusal } from './refusal.ts';
import { reportFailure } from './report-error.ts';

function refusal(reason: string, ...lines: string[]): LatchkeyError {
  return new LatchkeyError('myproxy/server-refused', `localhost:7512 refused: ${lines.join('; ')}`, {
    hint: 'a hint',
    details: { lines, reason },
  });
}

test('a wrong pass phrase is told as one, with hint, reference and its own exit code', () => {
  const error = explainRefusal(
    { username: 'jane' },
    refusal('pass-phrase-wrong', 'Bad password', 'invalid credential passphrase', 'ref: 7f3c-91aa'),
  );
  assert.deepEqual(reportFailure(error, false), {
    text: `latchkey: the pass phrase for "jane" is wrong
  hint: it is the one given to "latchkey init", not your certificate's; "latchkey passwd -l jane" changes it
  ref: 7f3c-91aa (also in the server's log)
`,
    exitCode: 3,
  });
  const { error: json } = JSON.parse(reportFailure(error, true).text);
  assert.equal(json.code, 'repository/pass-phrase-wrong');
  assert.equal(json.reference, '7f3c-91aa');
});

test('how long to wait is kept', () => {
  const line = 'too many wrong pass phrases for username "jane" from 127.0.0.1: wait 4 seconds';
  const error = explainRefusal(
    { username: 'jane' },
    refusal('throttled', 'invalid credential passphrase', line, 'authentication failed'),
  );
  assert.match(reportFailure(error, false).text, /^latchkey: too many wrong pass phrases .*wait 4 seconds/);
});

test('nothing stored names the credential asked for, and has its own exit code', () => {
  const error = explainRefusal(
    { username: 'jane', credential: 'cron' },
    refusal('no-credentials', 'No credentials exist for username "jane".'),
  );
  const { text, exitCode } = reportFailure(error, false);
  assert.match(
    text,
    /^latchkey: nothing is stored for "jane", credential "cron"\n {2}hint: "latchkey init -l jane -k cron"/,
  );
  assert.equal(exitCode, 5);
});

test('words nobody knows are passed on, without control characters of the terminal', () => {
  const error = explainRefusal({ username: 'jane' }, refusal('other', 'something odd.', 'ref: 1111-2222'));
  assert.ok(isLatchkeyError(error, 'myproxy/server-refused'));
  assert.equal(error.message, 'localhost:7512 refused: something odd');
  assert.equal(error.details.reference, '1111-2222');
});

test('other errors stay as they are', () => {
  const error = new LatchkeyError('myproxy/connect', 'no answer');
  assert.equal(explainRefusal({ username: 'jane' }, error), error);
});
