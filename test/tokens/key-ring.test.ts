import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import {
  createKeyRing,
  fixedKeys,
  issueToken,
  keysOfRing,
  loadKeyRing,
  loadSigningKeys,
  rotateKeyRing,
  scheduleOf,
  verifyToken,
} from '../../src/tokens/index.ts';
import { workspace } from '../support/workspace.ts';

const START = Date.parse('2026-11-22T12:00:00Z');
const at = (seconds: number): Date => new Date(START + seconds * 1000);
const REQUEST = {
  profile: 'wlcg:1.0',
  issuer: 'https://tokens.example',
  subject: 'alice',
  audience: ['https://data.example'],
  scope: 'storage.read:/a',
  lifetimeSeconds: 900,
} as const;

test('a year of rotations: every token is good for its whole life with the keys published at any moment of it', async (t) => {
  const directory = join(workspace(t), 'ring');
  await createKeyRing(directory, at(0), { aheadSeconds: 3600, keepSeconds: 1800 });
  const used = new Set<string>();
  for (let week = 1; week <= 52; week += 1) {
    const turn = week * 7 * 86_400;
    await rotateKeyRing(directory, at(turn), { algorithm: week % 2 === 0 ? 'ES256' : 'EdDSA' });
    // Loaded once, used over the change of keys, as a running issuer does.
    const keys = await loadSigningKeys(directory);
    for (const issued of [0, 3599, 3600, 3601, 5400, 86_400]) {
      const { token } = issueToken(REQUEST, keys.signingKey(at(turn + issued)), at(turn + issued));
      for (const later of [0, 450, 899]) {
        const now = at(turn + issued + later);
        const options = { issuers: [REQUEST.issuer], audience: REQUEST.audience, now };
        const report = await verifyToken(token, { ...options, keys: fixedKeys(keys.published(now)) });
        assert.ok(report.ok, `week ${week}: issued at ${issued}, used ${later} later`);
        used.add(report.token.keyId);
      }
    }
    // The index, the key that signs, the one that waits, and at most one whose tokens may still be about.
    assert.ok(readdirSync(directory).length <= 4, `${readdirSync(directory)}`);
  }
  assert.equal(used.size, 53);
});

test('a key is published before it signs, and waits alone', async (t) => {
  const directory = join(workspace(t), 'ring');
  const { keys: first } = await createKeyRing(directory, at(0), { keyId: 'one' });
  assert.equal(first.length, 1);
  await rotateKeyRing(directory, at(10), { keyId: 'two' });
  const ring = await loadKeyRing(directory);
  const keys = keysOfRing(ring);
  assert.deepEqual(
    keys.published(at(10)).map(({ keyId }) => keyId),
    ['one', 'two'],
  );
  assert.equal(keys.signingKey(at(10 + 2 * 86_400 - 1)).keyId, 'one');
  assert.equal(keys.signingKey(at(10 + 2 * 86_400)).keyId, 'two');
  assert.deepEqual(
    scheduleOf(ring, at(5 * 86_400)).map(({ state }) => state),
    ['retired', 'signing'],
  );
  await assert.rejects(rotateKeyRing(directory, at(20), { keyId: 'three' }), /is waiting to sign/);
  await assert.rejects(
    rotateKeyRing(directory, at(3 * 86_400), { keyId: 'two' }),
    /has a key called "two" already/,
  );
  await rotateKeyRing(directory, at(20), { keyId: 'three', isAtOnce: true });
  assert.equal((await loadSigningKeys(directory)).signingKey(at(20)).keyId, 'three');
});

test('directories that are no ring, and rings that are damaged', async (t) => {
  const directory = workspace(t);
  const isKeyError = (error: unknown): boolean => isLatchkeyError(error, 'tokens/key');
  await assert.rejects(loadSigningKeys(directory), isKeyError);
  writeFileSync(join(directory, 'something'), '');
  await assert.rejects(createKeyRing(directory, at(0)), /is not empty/);
  const ring = join(directory, 'ring');
  await createKeyRing(ring, at(0));
  const index = join(ring, 'ring.json');
  const good = readFileSync(index, 'utf8');
  for (const damaged of [
    '',
    '[]',
    good.replace('"version": 1', '"version": 2'),
    good.replace(/"aheadSeconds": \d+/, '"aheadSeconds": -1'),
    good.replace(/"keys": \[[\s\S]*\]/, '"keys": []'),
    good.replace(/"file": "[^"]*"/, '"file": "../../etc/passwd"'),
    good.replace(/"signsFrom": "[^"]*"/, '"signsFrom": "soon"'),
    good.replace(/"keyId": "[^"]*"/, '"keyId": 7'),
  ]) {
    writeFileSync(index, damaged);
    await assert.rejects(loadKeyRing(ring), isKeyError, damaged);
  }
  writeFileSync(index, good);
  const [key = ''] = readdirSync(ring).filter((name) => name.endsWith('.pem'));
  chmodSync(join(ring, key), 0o644);
  await assert.rejects(loadKeyRing(ring), (error) => isLatchkeyError(error, 'file/unsafe'));
  mkdirSync(join(directory, 'dir.pem'));
  writeFileSync(join(directory, 'text.pem'), 'no key', { mode: 0o600 });
  await assert.rejects(loadSigningKeys(join(directory, 'text.pem')), /holds no private key in PEM/);
  await assert.rejects(loadSigningKeys(join(directory, 'none.pem')), (error) =>
    isLatchkeyError(error, 'file/io'),
  );
});
