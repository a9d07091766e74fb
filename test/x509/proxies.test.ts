import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import {
  type Certificate,
  type Credential,
  describeProxy,
  formatCertificates,
  formatOneline,
  generateKeyPair,
  identityOf,
  issueProxy,
  type KeyAlgorithm,
  keySigner,
  type ProxyType,
  parseCredential,
  readProxyFile,
  writeProxyFile,
} from '../../src/x509/index.ts';
import { type Grid, type GridIdentity, makeGrid } from '../support/grid.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const PEERS = ['openssl', 'grid-proxy-init', 'grid-proxy-info', 'grid-cert-diagnostics', 'voms-proxy-info2'];

let base: string;
let grid: Grid;
let env: NodeJS.ProcessEnv;
/** By algorithm; those for legacy proxies have no keyUsage, since with OpenSSL 3 the C tools want keyCertSign in it. */
const users = new Map<string, Credential>();

before(async (context) => {
  if (findProgram('openssl') === undefined) return;
  base = workspace(context as TestContext);
  grid = await makeGrid(join(base, 'grid'));
  env = { ...process.env, X509_CERT_DIR: grid.trustDirectory, HOME: base };
  users.set('RSA', await read(grid.user));
  users.set('EC', await read(await grid.issue('EC User', { key: 'ec' })));
  const extensions = ['subjectKeyIdentifier=hash'];
  users.set('RSA legacy', await read(await grid.issue('Legacy User', { extensions })));
  users.set('EC legacy', await read(await grid.issue('EC Legacy User', { key: 'ec', extensions })));
});

const read = (identity: GridIdentity): Promise<Credential> =>
  parseCredential(readFileSync(identity.certificate, 'utf8') + readFileSync(identity.key, 'utf8'));

function userFor(algorithm: string, { kind }: ProxyType): Credential {
  const user = users.get(kind === 'legacy' ? `${algorithm} legacy` : algorithm);
  assert.ok(user);
  return user;
}

/** One more proxy below a credential. */
async function delegate(
  credential: Credential,
  type?: ProxyType,
  algorithm?: KeyAlgorithm,
): Promise<Credential> {
  const [issuer] = credential.chain;
  assert.ok(issuer);
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const certificate = await issueProxy({
    issuer,
    signer: keySigner(credential.privateKey),
    publicKey,
    ...(type === undefined ? {} : { type }),
    lifetimeSeconds: 3600,
    now: new Date(),
  });
  return { chain: [certificate, ...credential.chain], privateKey };
}

const keyOf = (name: string): KeyAlgorithm | undefined => (name === 'EC' ? { type: 'ec' } : undefined);

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, args, { env });
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout.toString();
}

/** What grid-proxy-info calls each type. */
function typeText({ kind, rights }: ProxyType): string {
  switch (kind) {
    case 'rfc3820':
      return `RFC 3820 compliant ${rights} proxy`;
    case 'draft':
      return `Proxy draft (pre-RFC) compliant ${rights} proxy`;
    default:
      return `${rights === 'limited' ? 'limited' : 'full'} legacy globus proxy`;
  }
}

/** What voms-proxy-info calls each type. */
function vomsText({ kind, rights }: ProxyType): string {
  if (kind === 'legacy') return rights === 'limited' ? 'limited proxy' : 'proxy';
  return kind === 'draft' ? 'GT3-style proxy' : 'RFC compliant proxy';
}

const TYPES: readonly ProxyType[] = [
  { kind: 'rfc3820', rights: 'impersonation' },
  { kind: 'rfc3820', rights: 'limited' },
  { kind: 'rfc3820', rights: 'independent' },
  {
    kind: 'rfc3820',
    rights: 'restricted',
    languageOid: '1.3.6.1.4.1.99999.7',
    policy: Buffer.from('read only'),
  },
  { kind: 'rfc3820', rights: 'impersonation', pathLength: 2 },
  { kind: 'draft', rights: 'impersonation' },
  { kind: 'draft', rights: 'limited' },
  { kind: 'draft', rights: 'independent' },
  {
    kind: 'draft',
    rights: 'restricted',
    languageOid: '1.3.6.1.4.1.99999.7',
    policy: Buffer.from('read only'),
  },
  { kind: 'draft', rights: 'impersonation', pathLength: 2 },
  { kind: 'legacy', rights: 'impersonation' },
  { kind: 'legacy', rights: 'limited' },
];

test('the C tools accept every type of proxy that we make, and describe it as we do', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  for (const algorithm of ['RSA', 'EC']) {
    for (const [number, type] of TYPES.entries()) {
      await t.test(
        `${algorithm} ${typeText(type)}${type.pathLength === undefined ? '' : ', path length'}`,
        async () => {
          const path = join(base, `proxy-${algorithm}-${number}`);
          const proxy = await delegate(userFor(algorithm, type), type, keyOf(algorithm));
          await checkProxy(path, proxy, type);
        },
      );
    }
  }
});

async function checkProxy(path: string, proxy: Credential, type: ProxyType): Promise<void> {
  const [leaf, ...issuers] = proxy.chain;
  const identity = identityOf(proxy.chain);
  assert.ok(leaf && identity);
  await writeProxyFile(proxy, path);
  if (type.kind === 'rfc3820') await opensslVerify(path, leaf, issuers);

  const info = (await run('grid-proxy-info', '-f', path, '-subject', '-issuer', '-identity', '-type'))
    .trim()
    .split('\n');
  assert.deepEqual(info, [
    formatOneline(leaf.subject),
    formatOneline(leaf.issuer),
    formatOneline(identity),
    typeText(type),
  ]);

  const voms = await run('voms-proxy-info2', '-all', '-file', path);
  assert.ok(voms.includes(`subject   : ${formatOneline(leaf.subject)}\n`), voms);
  assert.ok(voms.includes(`type      : ${vomsText(type)}\n`), voms);

  // What can be judged by nobody but the policy's own reader is refused by the C tools, as it should be.
  if (type.rights === 'restricted') return;
  const bundle = `${path}.bundle`;
  writeFileSync(bundle, formatCertificates(proxy.chain));
  const diagnosis = await run('grid-cert-diagnostics', '-c', bundle);
  assert.match(diagnosis, /Checking certificate trust chain\.\.\. ok\n/, diagnosis);

  // GCT 6.2 signs nothing below an ECDSA signature, in whose name it finds no digest.
  if (signedByEc(leaf)) return;
  const args = ['-q', '-verify', '-bits', '1024', '-cert', path, '-key', path, '-out', `${path}.below`];
  const flags = type.kind === 'draft' ? ['-draft'] : type.kind === 'legacy' ? ['-old'] : [];
  await run('grid-proxy-init', ...args, ...flags, ...(type.rights === 'limited' ? ['-limited'] : []));
}

const signedByEc = ({ signatureAlgorithm }: Certificate) => signatureAlgorithm.startsWith('1.2.840.10045.');

async function opensslVerify(
  path: string,
  leaf: Certificate,
  issuers: readonly Certificate[],
): Promise<void> {
  writeFileSync(`${path}.leaf`, formatCertificates([leaf]));
  writeFileSync(`${path}.chain`, formatCertificates(issuers));
  const args = [
    '-allow_proxy_certs',
    '-CAfile',
    grid.ca.certificate,
    '-untrusted',
    `${path}.chain`,
    `${path}.leaf`,
  ];
  assert.match(await run('openssl', 'verify', ...args), /: OK\n$/);
}

test('four delegations in a row are accepted subject by subject, and stay what they are', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const starts = TYPES.filter(
    ({ rights, pathLength }) => rights !== 'restricted' && pathLength === undefined,
  );
  for (const algorithm of ['RSA', 'EC']) {
    for (const type of starts) {
      await t.test(`${algorithm} ${typeText(type)}`, async () => {
        let credential = userFor(algorithm, type);
        for (let depth = 1; depth <= 4; depth += 1) {
          credential = await delegate(credential, depth === 1 ? type : undefined, keyOf(algorithm));
          assert.deepEqual(credential.chain[0] && describeProxy(credential.chain[0]), type);
        }
        assert.equal(credential.chain.length, 5);
        await checkProxy(join(base, `four-${algorithm}-${type.kind}-${type.rights}`), credential, type);
      });
    }
  }
});

interface Made {
  readonly flags: readonly string[];
  readonly type: ProxyType;
}

const POLICY = 'a policy of its own';

const MADE: readonly Made[] = [
  { flags: [], type: { kind: 'rfc3820', rights: 'impersonation' } },
  { flags: ['-rfc'], type: { kind: 'rfc3820', rights: 'impersonation' } },
  { flags: ['-limited'], type: { kind: 'rfc3820', rights: 'limited' } },
  { flags: ['-independent'], type: { kind: 'rfc3820', rights: 'independent' } },
  { flags: ['-path-length', '3'], type: { kind: 'rfc3820', rights: 'impersonation', pathLength: 3 } },
  { flags: ['-draft'], type: { kind: 'draft', rights: 'impersonation' } },
  { flags: ['-draft', '-limited'], type: { kind: 'draft', rights: 'limited' } },
  { flags: ['-draft', '-independent'], type: { kind: 'draft', rights: 'independent' } },
  { flags: ['-draft', '-path-length', '3'], type: { kind: 'draft', rights: 'impersonation', pathLength: 3 } },
  { flags: ['-old'], type: { kind: 'legacy', rights: 'impersonation' } },
  { flags: ['-old', '-limited'], type: { kind: 'legacy', rights: 'limited' } },
  ...(['rfc3820', 'draft'] as const).map((kind) => ({
    flags: [...(kind === 'draft' ? ['-draft'] : []), '-policy', 'POLICY', '-pl', '1.3.6.1.4.1.99999.7'],
    type: {
      kind,
      rights: 'restricted',
      languageOid: '1.3.6.1.4.1.99999.7',
      policy: Buffer.from(POLICY),
    } as const,
  })),
];

test('proxies made by grid-proxy-init are described right, and made again byte for byte', async (t) => {
  if (!havePeers(t, 'openssl', 'grid-proxy-init')) return;
  const policyFile = join(base, 'policy');
  writeFileSync(policyFile, POLICY);
  const user = users.get('RSA');
  assert.ok(user);
  for (const [number, { flags, type }] of MADE.entries()) {
    await t.test(`grid-proxy-init ${flags.join(' ')}`, async () => {
      const path = join(base, `made-${number}`);
      const given = flags.map((flag) => (flag === 'POLICY' ? policyFile : flag));
      const source = ['-cert', grid.user.certificate, '-key', grid.user.key];
      await run('grid-proxy-init', '-q', '-bits', '1024', ...source, '-out', path, ...given);
      const theirs = await readProxyFile(path);
      const [leaf, issuer] = theirs.chain;
      assert.ok(leaf && issuer);
      assert.deepEqual(describeProxy(leaf), type);

      const now = new Date(leaf.notBefore.getTime() + 300_000);
      const ours = await issueProxy({
        issuer,
        signer: keySigner(user.privateKey),
        publicKey: leaf.publicKey,
        type,
        lifetimeSeconds: (leaf.notAfter.getTime() - now.getTime()) / 1000,
        now,
      });
      assert.equal(ours.der.toString('hex'), leaf.der.toString('hex'));
    });
  }
});

test('a proxy that grid-proxy-init makes below one of ours, and we below that, hang together', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const user = users.get('RSA');
  assert.ok(user);
  mkdirSync(join(base, 'mixed'));
  const first = join(base, 'mixed', 'first');
  const second = join(base, 'mixed', 'second');
  await writeProxyFile(await delegate(user), first);
  await run(
    'grid-proxy-init',
    '-q',
    '-bits',
    '1024',
    '-limited',
    '-cert',
    first,
    '-key',
    first,
    '-out',
    second,
  );
  const third = await delegate(await readProxyFile(second));
  assert.equal(third.chain.length, 4);
  await checkProxy(join(base, 'mixed', 'third'), third, { kind: 'rfc3820', rights: 'limited' });
});
