import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redact, secretsOf } from './redaction.ts';

test('no secret of a request survives in what the server says back, in any spelling', () => {
  const secret = fc.string({ minLength: 4, maxLength: 60, unit: 'grapheme-ascii' });
  fc.assert(
    fc.property(secret, secret, fc.string(), (clientSecret, refreshToken, around) => {
      fc.pre(!'[secret]'.includes(clientSecret) && !'[secret]'.includes(refreshToken));
      const body = new URLSearchParams({ client_secret: clientSecret, refresh_token: refreshToken });
      const secrets = secretsOf(body, {});
      const said = redact(`${around}${clientSecret} ${body} ${encodeURIComponent(refreshToken)}`, secrets);
      for (const one of [clientSecret, refreshToken]) {
        if (!around.includes(one)) assert.equal(said.includes(one), false, said);
      }
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('the secret of a Basic header is found in all its spellings', () => {
  const header = Buffer.from(`ap1:${encodeURIComponent('s3/cret+')}`).toString('base64');
  const secrets = secretsOf(undefined, { authorization: `Basic ${header}` });
  for (const spelling of ['s3/cret+', 's3%2Fcret%2B', header])
    assert.ok(secrets.includes(spelling), spelling);
});

test('a secret that is repeated until the end of what is shown is not shown in part', () => {
  const secret = 'correct horse battery staple '.repeat(8);
  const said = redact(secret.repeat(30), [secret]);
  assert.equal(said.replaceAll('[secret]', '').replace('…', '').length < 8, true, said);
});

test('what looks like a token goes, a sentence stays', () => {
  const jwt = `eyJhbGciOiJFUzI1NiJ9.${'a1'.repeat(40)}.sig`;
  assert.equal(redact(`the token ${jwt} was revoked`, []), 'the token […] was revoked');
  assert.equal(redact('the authorization server is under maintenance', []).includes('maintenance'), true);
});

test('control characters and direction marks cannot act, and the length is bounded', () => {
  assert.equal(redact('a\u001b[2J\nb\u202e', []), 'a?[2J?b?');
  assert.equal(redact('x '.repeat(500), []).length, 201);
});
