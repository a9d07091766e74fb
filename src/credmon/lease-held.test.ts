import assert from 'node:assert/strict';
import type { Stats } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readHeld, timesOf } from './lease-held.ts';

const WRITTEN = new Date('2026-01-01T00:00:00Z');

function heldIn(text: string): ReturnType<typeof readHeld> {
  return readHeld({ bytes: Buffer.from(text), stats: { ctimeMs: WRITTEN.getTime() } as Stats });
}

function jwt(claims: Readonly<Record<string, unknown>>): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

test('a JWT says itself when it ends, whatever stands beside it', () => {
  const seconds = WRITTEN.getTime() / 1000;
  const token = jwt({ iat: seconds - 60, exp: seconds + 600, jti: 'x', sub: 'alice', scope: 'read:/' });
  const held = heldIn(JSON.stringify({ access_token: token, expires_in: 99, expires_at: 1 }));
  assert.equal(held?.issuedAt.getTime(), WRITTEN.getTime() - 60_000);
  assert.equal(held?.expiresAt?.getTime(), WRITTEN.getTime() + 600_000);
  assert.deepEqual([held?.id, held?.subject, held?.scope], ['x', 'alice', 'read:/']);
  assert.equal(heldIn(`${token}\n`)?.expiresAt?.getTime(), WRITTEN.getTime() + 600_000);
});

test('an opaque token ends at expires_at, else expires_in after it was written, else nobody knows', () => {
  assert.equal(
    heldIn('{"access_token":"a","expires_at":1800000000}')?.expiresAt?.getTime(),
    1_800_000_000_000,
  );
  assert.equal(
    heldIn('{"access_token":"a","expires_in":600}')?.expiresAt?.getTime(),
    WRITTEN.getTime() + 600_000,
  );
  assert.equal(heldIn('{"access_token":"a"}')?.expiresAt, undefined);
  assert.equal(heldIn('opaque\n')?.issuedAt.getTime(), WRITTEN.getTime());
});

test('torn, empty and denied files hold nothing', () => {
  for (const text of ['', '\n', '{"access_token":', '{"access_token":""}', '{}', '[]'])
    assert.equal(heldIn(text), undefined, text);
});

test('no bytes hurt', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.string().map((text) => jwt({ exp: text })),
      ),
      (text) => {
        heldIn(text);
        timesOf(Buffer.from(text));
      },
    ),
    { seed: 5, numRuns: 500 },
  );
});
