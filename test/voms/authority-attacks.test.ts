import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import {
  type Credential,
  formatCertificates,
  generateKeyPair,
  issueProxy,
  keySigner,
  type ProxyFields,
  parseCredential,
} from '../../src/x509/index.ts';
import { type Grid, type GridIdentity, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { startTestAuthority, type TestAuthority } from '../support/voms-site.ts';
import { workspace } from '../support/workspace.ts';

async function setUp(
  t: TestContext,
  more: Parameters<typeof startTestAuthority>[2] = {},
): Promise<{ grid: Grid; site: TestAuthority } | undefined> {
  if (!havePeers(t, 'openssl')) return undefined;
  const grid = await makeGrid(workspace(t));
  return { grid, site: await startTestAuthority(t, grid, more) };
}

async function credentialOf({ certificate, key }: GridIdentity): Promise<Credential> {
  return await parseCredential(`${readFileSync(certificate, 'utf8')}\n${readFileSync(key, 'utf8')}`);
}

async function proxyOf(below: Credential, more: Partial<ProxyFields> = {}): Promise<Credential> {
  const pair = await generateKeyPair({ type: 'rsa', bits: 2048 });
  const [issuer] = below.chain;
  assert.ok(issuer);
  const signer = keySigner(below.privateKey);
  const proxy = await issueProxy({ issuer, signer, publicKey: pair.publicKey, now: new Date(), ...more });
  return { chain: [proxy, ...below.chain], privateKey: pair.privateKey };
}

async function open({ authority }: TestAuthority, credential?: Credential): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: authority.address.port,
    rejectUnauthorized: false,
    ca: [],
    ...(credential === undefined
      ? {}
      : {
          cert: formatCertificates(credential.chain),
          key: credential.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
        }),
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** Everything that is answered until the end. */
async function ask(site: TestAuthority, request: string, credential?: Credential): Promise<string> {
  const socket = await open(site, credential);
  socket.write(request, 'latin1');
  return await heard(socket);
}

async function heard(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const get = (query: string): string => `GET /generate-ac?${query} HTTP/1.0\r\n\r\n`;

test('whoever shows no certificate, an expired proxy, or one that does not inherit gets nothing', async (t) => {
  const made = await setUp(t);
  if (made === undefined) return;
  const { grid, site } = made;
  const jane = await credentialOf(grid.user);
  const refused = async (credential: Credential | undefined, why: RegExp): Promise<void> => {
    const answer = await ask(site, get('fqans=/testvo'), credential);
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.match(answer, why);
    assert.doesNotMatch(answer, /<ac>/);
  };
  await refused(undefined, /your program showed no certificate/);
  const hourAgo = new Date(Date.now() - 3_600_000);
  await refused(await proxyOf(jane, { now: hourAgo, lifetimeSeconds: 60 }), /expired/);
  await refused(
    await proxyOf(jane, { type: { kind: 'rfc3820', rights: 'independent' } }),
    /does not inherit its rights/,
  );
  const stranger = await makeGrid(`${grid.directory}/other`);
  await refused(await credentialOf(stranger.user), /your certificate was not accepted/);
  const forged = await credentialOf(grid.robot);
  await refused({ chain: [...forged.chain, ...jane.chain], privateKey: forged.privateKey }, /suspended/);
});

test('a proxy of a proxy gets the attributes of its certificate', async (t) => {
  const made = await setUp(t);
  if (made === undefined) return;
  const { grid, site } = made;
  const proxy = await proxyOf(await proxyOf(await credentialOf(grid.user)));
  assert.match(await ask(site, get('fqans=/testvo'), proxy), /^HTTP\/1\.1 200 OK[\s\S]*<ac>MII/);
});

test('requests with line breaks, a thousand groups, and lifetimes that are none', async (t) => {
  const made = await setUp(t);
  if (made === undefined) return;
  const { grid, site } = made;
  const jane = await credentialOf(grid.user);
  const thousand = Array.from({ length: 1_000 }, (_, at) => `/testvo/g${at}`).join(',');
  for (const [query, status] of [
    ['fqans=/testvo%0d%0aX-Evil:%201', 400],
    ['fqans=/testvo/<ac>', 400],
    [`fqans=${thousand}`, 400],
    ['fqans=/testvo/Role=nope', 400],
    ['lifetime=-5', 200],
    ['lifetime=0', 200],
    ['lifetime=99999999999999999999', 200],
    ['lifetime=999999', 200],
    ['targets=a%20b', 400],
  ] as const) {
    const answer = await ask(site, get(query), jane);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), query);
    assert.doesNotMatch(answer, /X-Evil: 1\r\n/);
  }
  assert.match(
    await ask(site, get('lifetime=999999'), jane),
    /<warning>.*shortened to 86400 seconds!<\/warning>/,
  );
  assert.match(await ask(site, 'GET /other HTTP/1.1\r\n\r\n', jane), /^HTTP\/1\.1 404 /);
  assert.match(await ask(site, `GET /${'x'.repeat(70_000)}`, jane), /^HTTP\/1\.1 400 /);
  assert.match(await ask(site, 'DELETE / HTTP/1.1\r\n\r\n', jane), /^HTTP\/1\.1 400 /);
  assert.match(await ask(site, '0<voms><command>X</command></voms>', jane), /<number>1005<\/number>/);
});

test('one who says nothing, and one who says it byte by byte for ever, are ended', async (t) => {
  const limits = { requestTimeoutSeconds: 1, maxConnections: 4, maxConnectionsPerAddress: 4 };
  const made = await setUp(t, { limits });
  if (made === undefined) return;
  const { grid, site } = made;
  const jane = await credentialOf(grid.user);
  const silent = await open(site, jane);
  const slow = await open(site, jane);
  const timer = setInterval(() => slow.write('G'), 50);
  try {
    assert.equal(await heard(silent), '');
    await heard(slow);
  } finally {
    clearInterval(timer);
  }
  assert.match(await ask(site, get('fqans=/testvo'), jane), /^HTTP\/1\.1 200 OK/);
});

test('a membership file that has become bad leaves the old in force; a good one is taken', async (t) => {
  const made = await setUp(t);
  if (made === undefined) return;
  const { grid, site } = made;
  const { writeFileSync } = await import('node:fs');
  const jane = await credentialOf(grid.user);
  const before = readFileSync(site.membership, 'utf8');
  writeFileSync(site.membership, `${before}\n[[member]]\ndn = "nobody"\n`);
  await assert.rejects(site.authority.reload(), { code: 'config/invalid' });
  assert.match(await ask(site, get('fqans=/testvo'), jane), /^HTTP\/1\.1 200 OK/);
  writeFileSync(
    site.membership,
    before.replace('attributes = { nickname', 'suspended = "left"\nattributes = { nickname'),
  );
  await site.authority.reload();
  assert.match(await ask(site, get('fqans=/testvo'), jane), /^HTTP\/1\.1 403 [\s\S]*Suspension reason: left/);
});
