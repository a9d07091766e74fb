import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import { dangerouslyDecodeToken, parseCompactToken } from './compact-token.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token is taken apart', () => {
  const parsed = dangerouslyDecodeToken(`${part({ alg: 'ES256' })}.${part({ sub: 'a' })}.AAAA`);
  assert.deepEqual(
    [parsed.header, parsed.claims, parsed.signature.length],
    [{ alg: 'ES256' }, { sub: 'a' }, 3],
  );
  assert.equal(parsed.signingInput.toString(), `${part({ alg: 'ES256' })}.${part({ sub: 'a' })}`);
});

test('an error says what is wrong and nothing of the token', () => {
  assert.throws(
    () => dangerouslyDecodeToken('secretpart.secretpart'),
    (error) => isLatchkeyError(error, 'tokens/malformed') && !error.message.includes('secret'),
  );
});

test('property: no text crashes it', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => void parseCompactToken(pieces.join('.'))),
    { seed: 7 },
  );
});
