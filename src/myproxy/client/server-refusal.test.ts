import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverRefusal } from './server-refusal.ts';

/** What C servers say (their own words), and what it means. */
const WORDS: readonly (readonly [string, readonly string[]])[] = [
  ['pass-phrase-wrong', ['Bad password', 'invalid credential passphrase']],
  ['pass-phrase-wrong', ['invalid pass phrase', 'authorization failed']],
  ['pass-phrase-policy', ['Pass phrase too short.  Must be at least 6 characters long.']],
  ['no-credentials', ['No credentials exist for username "u".']],
  ['no-credentials', ['no credentials found for user u, owner "/CN=expired policy"']],
  [
    'not-authorized',
    ['"/CN=a" not authorized by server\'s authorized_retrievers policy', 'authorization failed'],
  ],
  ['not-authorized', ['self-authz not allowed for renewer', 'authorization failed']],
  ['not-owner', ['Credentials are already stored for user u', 'and they are not owned by', '"/CN=a",']],
  [
    'renewal-mismatch',
    ['certificate subject does not match credential to be renewed', 'authentication failed'],
  ],
  ['locked', ['credential locked', 'ask the operator']],
  ['expired', ['X509_verify_cert() failed: certificate has expired']],
  ['revoked', ['X509_verify_cert() failed: certificate revoked']],
  ['lifetime', ['Credential lifetime (200 hours) exceeds maximum allowed by server (168 hours).']],
  ['authentication-needed', ['no passphrase', 'authentication failed']],
  ['unsupported', ['UNKNOWN command in request.']],
  ['other', ['something new']],
];

test("the server's words are kept exactly, and understood", () => {
  for (const [reason, lines] of WORDS) {
    const error = serverRefusal('a:7512', lines);
    assert.equal(error.details.reason, reason, lines[0]);
    assert.deepEqual(error.details.lines, lines);
    for (const line of lines) assert.ok(error.message.includes(line.trim()), error.message);
    assert.notEqual(error.hint, undefined);
  }
});

test('a refusal without words, and one with escape sequences', () => {
  assert.equal(serverRefusal('a:7512', []).message, 'a:7512 refused without a reason');
  assert.equal(serverRefusal('a:7512', ['\u001b[2Jhello\r']).message, 'a:7512 refused: ?[2Jhello?');
});
