import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import {
  loadTrustDirectory,
  OPENSSL_VERIFY_TEXT,
  parseCertificate,
  subjectHash,
  validatePath,
} from '../../src/x509/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { type Case, crlPem, makeCases } from './cases.ts';
import { type Made, pem } from './chain-maker.ts';

// Good and bad chains: our verdict, `openssl verify -allow_proxy_certs` and the C tools' own chain check
// (grid-cert-diagnostics -c). Where they differ on purpose, the table of cases says why.

test('our verdict on every chain is the expected one, and the peers agree but for known reasons', async (t) => {
  const cases = makeCases();
  assert.ok(cases.length >= 80, `${cases.length} cases`);
  const base = workspace(t);
  for (const [number, each] of cases.entries()) {
    await t.test(each.name, async (sub) => {
      const directory = join(base, String(number));
      const files = writeCase(directory, each);
      const trust = await loadTrustDirectory(files.trust);
      const chain = each.chain.map(({ der }) => parseCertificate(der));
      const report = validatePath(chain, {
        trust,
        now: new Date(),
        ...(each.purpose === undefined ? {} : { purpose: each.purpose }),
      });
      const errors = report.findings.filter(({ severity }) => severity === 'error');
      const said = errors.map(({ code, message }) => `${code}: ${message}`).join('\n');
      if (each.expect === undefined) assert.equal(said, '');
      else
        assert.ok(
          errors.some(({ code }) => code === each.expect),
          `${each.expect} expected, found:\n${said}`,
        );
      assert.equal(report.ok, each.expect === undefined);
      const warnings = report.findings
        .filter(({ severity }) => severity === 'warning')
        .map(({ code }) => code);
      if (each.warns !== undefined) assert.ok(warnings.includes(each.warns), `${each.warns} expected`);

      const differing: string[] = [];
      const compare = (peer: string, theirs: PeerVerdict, reason: string | undefined): void => {
        if ((theirs.ok === report.ok) === (reason === undefined)) return;
        const what = reason === undefined ? 'differs' : `agrees, although "${reason}"`;
        differing.push(`${peer} ${what}: ${theirs.text}`);
      };
      if (havePeers(sub, 'openssl')) {
        const theirs = await askOpenssl(files, each);
        compare('openssl', theirs, each.openssl);
        const words = /error \d+ at \d+ depth lookup: (.*)/.exec(theirs.text)?.[1];
        const ours = errors.map(({ code }) => OPENSSL_VERIFY_TEXT[code] as string);
        if (
          !theirs.ok &&
          !report.ok &&
          words !== undefined &&
          !ours.includes(words) &&
          !OTHER_WORDS.has(each.name)
        ) {
          differing.push(`openssl says "${words}" where we have ${ours.join(', ')}`);
        }
      }
      if (havePeers(sub, 'grid-cert-diagnostics')) compare('globus', await askGlobus(files), each.globus);
      assert.deepEqual(differing, [], said);
    });
  }
});

/** Bad chains that OpenSSL refuses for another reason than ours: it gives up earlier, or takes another kind of proxy for no proxy. */
const OTHER_WORDS = new Set([
  'impostor with the name of a trusted root',
  'intermediate in the trust directory without its root',
  'proxy with the name of its issuer',
  'proxy with an alternative name',
  'proxy with an issuer alternative name',
  'proxy that says it is an authority',
  'full draft below limited draft',
  'draft path length 0, one below',
  'full legacy below limited',
  'RFC proxy below a draft one',
  'draft proxy below an RFC one',
  'legacy proxy below an RFC one',
  'RFC proxy below a legacy one',
]);

interface PeerVerdict {
  readonly ok: boolean;
  readonly text: string;
}

interface CaseFiles {
  readonly trust: string;
  readonly chain: string;
  readonly leaf: string;
  readonly rest: string;
}

function writeCase(directory: string, each: Case): CaseFiles {
  const trust = join(directory, 'certificates');
  mkdirSync(trust, { recursive: true });
  const used = new Map<string, number>();
  const put = (authority: Made, suffix: (n: number) => string, text: string): void => {
    const hash = subjectHash(parseCertificate(authority.der).subject);
    const key = `${hash}${suffix(0)}`;
    const n = used.get(key) ?? 0;
    used.set(key, n + 1);
    writeFileSync(join(trust, `${hash}${suffix(n)}`), text);
  };
  for (const root of each.roots) put(root, (n) => `.${n}`, pem(root));
  for (const [authority, crl] of each.crls) put(authority, (n) => `.r${n}`, crlPem(crl));
  for (const [authority, text] of each.policies) put(authority, () => '.signing_policy', text);
  const path = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const [leaf, ...rest] = each.chain;
  return {
    trust,
    chain: path('chain.pem', pem(...each.chain)),
    leaf: path('leaf.pem', leaf === undefined ? '' : pem(leaf)),
    rest: path('rest.pem', pem(...rest)),
  };
}

async function askOpenssl(files: CaseFiles, each: Case): Promise<PeerVerdict> {
  const run = await runProgram('openssl', [
    ...[
      'verify',
      '-allow_proxy_certs',
      '-auth_level',
      '1',
      '-no-CAfile',
      '-no-CAstore',
      '-CApath',
      files.trust,
    ],
    ...(each.crls.length > 0 ? ['-crl_check_all'] : []),
    ...(each.purpose === undefined ? [] : ['-purpose', `ssl${each.purpose}`]),
    ...(each.chain.length > 1 ? ['-untrusted', files.rest] : []),
    files.leaf,
  ]);
  return { ok: run.code === 0, text: run.stdout.toString() + run.stderr.toString() };
}

async function askGlobus(files: CaseFiles): Promise<PeerVerdict> {
  const run = await runProgram('grid-cert-diagnostics', ['-c', files.chain], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', X509_CERT_DIR: files.trust },
  });
  const text = run.stdout.toString() + run.stderr.toString();
  const line = /Checking certificate trust chain\.\.\. (ok|failed)[\s\S]*?(?=\n\n|$)/.exec(text);
  if (line === null) return { ok: false, text };
  return { ok: line[1] === 'ok', text: line[0] };
}
