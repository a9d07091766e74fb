import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LatchkeyError, LruCache } from '../../src/kit/index.ts';
import { type Certificate, memoryTrustStore, parseCertificate, validatePath } from '../../src/x509/index.ts';
import {
  basicConstraints,
  ecKeys,
  extendedKeyUsage,
  keyUsage,
  type Made,
  makeCertificate,
  proxyInfo,
} from './chain-maker.ts';

/** Longest that one validation may take; generous, for a machine that does other things too. */
const MAX_MILLISECONDS = 2_000;

/** A root, two authorities, a user and four proxies, each with its own key; and strangers of the same names. */
function makeWorld(): { chain: Made[]; strangers: Made[]; root: Made } {
  const caExtensions = [basicConstraints(true), keyUsage('keyCertSign', 'cRLSign')];
  const make = (root: Made): Made[] => {
    const high = makeCertificate({
      dn: '/O=Grid/CN=High',
      keys: ecKeys(),
      issuer: root,
      extensions: caExtensions,
    });
    const low = makeCertificate({
      dn: '/O=Grid/CN=Low',
      keys: ecKeys(),
      issuer: high,
      extensions: caExtensions,
    });
    const chain = [
      makeCertificate({
        dn: '/O=Grid/CN=Jane',
        keys: ecKeys(),
        issuer: low,
        extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.2')],
      }),
      low,
      high,
    ];
    for (let number = 1; number <= 4; number += 1) {
      const [issuer] = chain;
      if (issuer === undefined) break;
      chain.unshift(
        makeCertificate({
          dn: `${issuer.dn}/CN=${number}`,
          keys: ecKeys(),
          issuer,
          extensions: [proxyInfo()],
        }),
      );
    }
    return chain;
  };
  const root = makeCertificate({ dn: '/O=Grid/CN=Root', keys: ecKeys(), extensions: caExtensions });
  const impostor = makeCertificate({ dn: '/O=Grid/CN=Root', keys: ecKeys(), extensions: caExtensions });
  return { chain: make(root), strangers: [...make(impostor), impostor], root };
}

export function fuzzChains(numRuns: number): void {
  const { chain: made, strangers: madeStrangers, root } = makeWorld();
  const parse = ({ der }: Made): Certificate => parseCertificate(der);
  const [chain, strangers] = [made.map(parse), madeStrangers.map(parse)];
  const [leaf, ...rest] = chain;
  assert.ok(leaf);
  const trust = memoryTrustStore({
    authorities: [parse(root)],
    signingPolicies: ['Root', 'High', 'Low'].map((cn) => ({
      authority: `/O=Grid/CN=${cn}`,
      subjects: ['/O=Grid/*'],
    })),
  });
  const now = new Date();
  const judge = (certificates: readonly Certificate[], isFresh = false): boolean => {
    const start = performance.now();
    const report = validatePath(certificates, {
      trust,
      now,
      ...(isFresh ? { verified: new LruCache<string, true>(100) } : {}),
    });
    assert.ok(performance.now() - start < MAX_MILLISECONDS, `${performance.now() - start} ms`);
    assert.equal(report.ok, !report.findings.some(({ severity }) => severity === 'error'));
    for (const { index } of report.findings) assert.ok(index < Math.max(1, report.path.length));
    return report.ok;
  };
  const some = fc.subarray([...strangers, ...rest], { minLength: 0 });

  fc.assert(
    fc.property(
      fc.shuffledSubarray([...rest, ...rest, ...strangers], { minLength: 0 }),
      fc.boolean(),
      (pool, isFresh) => {
        const hasAll = rest.every((needed) => pool.includes(needed));
        assert.equal(judge([leaf, ...pool], isFresh), hasAll);
      },
    ),
    { numRuns },
  );
  fc.assert(
    fc.property(fc.shuffledSubarray([...chain, ...strangers], { minLength: 1 }), (any) => {
      const [first] = any;
      const from = first === undefined ? -1 : chain.indexOf(first);
      assert.equal(judge(any), from >= 0 && chain.slice(from).every((needed) => any.includes(needed)));
    }),
    { numRuns },
  );
  fc.assert(
    fc.property(fc.nat(chain.length - 1), fc.nat(), fc.nat(7), some, (which, at, bit, pool) => {
      const original = chain[which];
      assert.ok(original);
      const der = Buffer.from(original.der);
      der[at % der.length] = (der[at % der.length] ?? 0) ^ (1 << bit);
      let damaged: Certificate;
      try {
        damaged = parseCertificate(der);
      } catch (error) {
        assert.ok(error instanceof LatchkeyError);
        return;
      }
      const replaced = chain.map((certificate) => (certificate === original ? damaged : certificate));
      assert.equal(judge([...replaced, ...pool.filter((certificate) => certificate !== original)]), false);
    }),
    { numRuns },
  );
}
