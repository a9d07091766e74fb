import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, systemClock } from '../../kit/index.ts';
import {
  buildCertificate,
  type Certificate,
  generateKeyPair,
  issueProxy,
  keySigner,
  parseOneline,
} from '../../x509/index.ts';
import { resolveSettings } from './client-settings.ts';
import { checkDelegation } from './delegation-check.ts';
import type { Notice } from './notice.ts';
import { startOperation } from './operation.ts';
import { TrustSource } from './trust-source.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const HOUR = 3_600_000;

/** A user, and a chain of two proxies below. */
async function makeChain(): Promise<readonly [Certificate, Certificate, Certificate]> {
  const keys = await Promise.all([1, 2, 3].map(() => generateKeyPair({ type: 'ec' })));
  const [userKeys, firstKeys, secondKeys] = keys;
  if (userKeys === undefined || firstKeys === undefined || secondKeys === undefined)
    throw new Error('no keys');
  const name = parseOneline('/O=Grid/CN=Jane');
  const user = await buildCertificate({
    subject: name,
    issuer: parseOneline('/O=Grid/CN=CA'),
    serialNumber: 1n,
    notBefore: new Date(NOW.getTime() - HOUR),
    notAfter: new Date(NOW.getTime() + 1000 * HOUR),
    spki: userKeys.publicKey.export({ format: 'der', type: 'spki' }),
    extensions: [],
    signer: keySigner(userKeys.privateKey),
  });
  const first = await issueProxy({
    issuer: user,
    signer: keySigner(userKeys.privateKey),
    publicKey: firstKeys.publicKey,
    lifetimeSeconds: 100 * 3600,
    now: NOW,
  });
  const second = await issueProxy({
    issuer: first,
    signer: keySigner(firstKeys.privateKey),
    publicKey: secondKeys.publicKey,
    lifetimeSeconds: 12 * 3600,
    now: NOW,
  });
  return [second, first, user];
}

function check(
  chain: readonly Certificate[],
  request: { readonly spki: Buffer },
  wanted = 12 * 3600,
  now = NOW,
) {
  const notices: Notice[] = [];
  const settings = resolveSettings({ env: {}, clock: { ...systemClock, now: () => now } });
  const operation = startOperation(settings, new TrustSource(settings), {
    onNotice: (notice) => notices.push(notice),
  });
  const result = checkDelegation(
    operation,
    chain.map(({ der }) => der),
    request,
    wanted,
  );
  return { ...result, notices: notices.map(({ code }) => code) };
}

test('a delegation that is what was asked for', async () => {
  const chain = await makeChain();
  const { expires, notices } = check(chain, chain[0]);
  assert.equal(expires.getTime(), NOW.getTime() + 12 * HOUR);
  assert.deepEqual(notices, []);
});

test('what is worth a word: a shorter life, a clock that is wrong', async () => {
  const chain = await makeChain();
  assert.deepEqual(check(chain, chain[0], 24 * 3600).notices, ['shorter-lifetime']);
  assert.deepEqual(check(chain, chain[0], 0).notices, []);
  assert.deepEqual(check(chain, chain[0], 3600, new Date(NOW.getTime() - HOUR)).notices, ['clock-skew']);
});

test('what is refused: another key, a gap, a foreign issuer, a certificate out of date', async () => {
  const [second, first, user] = await makeChain();
  const [foreign] = await makeChain();
  const cases: readonly (readonly [RegExp, () => unknown])[] = [
    [/another key/, () => check([second, first, user], user)],
    [/is missing/, () => check([second, first], second)],
    [/not a proxy of the next/, () => check([second, user], second)],
    [/not a proxy of the next/, () => check([second, foreign, user], second)],
    [/no certificate/, () => check([], second)],
    [/expired at/, () => check([second, first, user], second, 0, new Date(NOW.getTime() + 13 * HOUR))],
  ];
  for (const [message, act] of cases) {
    assert.throws(act, (error) => {
      assert.ok(isLatchkeyError(error, 'myproxy/delegation-invalid'), String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});
