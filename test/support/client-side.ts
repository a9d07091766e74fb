import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { formatPem } from '../../src/asn1/index.ts';
import { Secret } from '../../src/kit/index.ts';
import { encodeChain, type Request, type Response } from '../../src/myproxy/index.ts';
import {
  type Certificate,
  createCertificateRequest,
  formatCertificates,
  generateKeyPair,
  issueProxy,
  keySigner,
  parseCertificate,
  parseCertificateRequest,
} from '../../src/x509/index.ts';
import type { InProcessServer, TestClient, TestIdentity } from './in-process-server.ts';

/** Fields of a request that a test sets. */
export type Fields = Partial<Omit<Request, 'command'>>;

/** The lines of an error response, without the reference; fails when it is none. */
export function errorLines(response: Response): readonly string[] {
  assert.equal(response.status, 'error', `expected an error and got ${JSON.stringify(response)}`);
  const lines = response.status === 'error' ? response.lines : [];
  assert.match(lines.at(-1) ?? '', /^ref: [0-9a-f]{4}-[0-9a-f]{4}$/);
  return lines.slice(0, -1);
}

/** PUT: delegates a proxy of `identity`; returns the last response. */
export async function put(
  server: InProcessServer,
  identity: TestIdentity,
  fields: Fields = {},
): Promise<Response> {
  const client = server.connect(identity);
  client.request({ command: 'PUT', passPhrase: new Secret('correct horse'), ...fields });
  const first = await client.response();
  if (first.status !== 'ok') return first;
  const request = parseCertificateRequest(await client.reader.der());
  const [issuer] = identity.chain;
  assert.ok(issuer);
  const proxy = await issueProxy({
    issuer,
    signer: keySigner(identity.privateKey),
    publicKey: request.publicKey,
    lifetimeSeconds: 7 * 86_400,
    now: server.service.clock.now(),
  });
  client.send(encodeChain([proxy, ...identity.chain].map((certificate) => certificate.der)));
  const last = await client.response();
  await client.closed;
  return last;
}

/** STORE: sends a chain and its key in the clear. */
export async function storeIdentity(
  server: InProcessServer,
  identity: TestIdentity,
  fields: Fields = {},
  pem: string = credentialPem(identity),
): Promise<Response> {
  const client = server.connect(identity);
  client.request({ command: 'STORE', ...fields });
  const first = await client.response();
  if (first.status !== 'ok') return first;
  client.send(Buffer.from(`${pem}\0`));
  const last = await client.response();
  await client.closed;
  return last;
}

/** Leaf, key in the clear, rest of the chain. */
export function credentialPem({ chain, privateKey }: TestIdentity): string {
  const [leaf, ...rest] = chain;
  assert.ok(leaf);
  const key = formatPem('PRIVATE KEY', privateKey.export({ type: 'pkcs8', format: 'der' }));
  return `${formatCertificates([leaf])}${key}${formatCertificates(rest)}`;
}

/** A proxy that GET delegated. */
export interface Delegated {
  readonly chain: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** GET up to its end; an error response comes back as it is. */
export async function get(
  server: InProcessServer,
  identity: TestIdentity | undefined,
  fields: Fields = {},
  address?: string,
): Promise<Delegated | Response> {
  const client = server.connect(identity, address);
  client.request({ command: 'GET', passPhrase: new Secret('correct horse'), ...fields });
  return finishGet(client);
}

/** The rest of a GET whose request was sent, or whose challenge was answered. */
export async function finishGet(client: TestClient): Promise<Delegated | Response> {
  const first = await client.response();
  if (first.status !== 'ok') return first;
  const { privateKey } = await generateKeyPair({ type: 'ec' });
  client.send(await createCertificateRequest({ signer: keySigner(privateKey) }));
  if (await client.reader.nextIsText()) return client.response();
  const chain = (await client.reader.chain()).map((der) => parseCertificate(der));
  assert.deepEqual(await client.response(), { status: 'ok' });
  await client.closed;
  return { chain, privateKey };
}

/** Fails unless a GET gave a proxy. */
export function delegated(result: Delegated | Response): Delegated {
  if ('status' in result) assert.fail(`expected a proxy and got ${JSON.stringify(result)}`);
  return result;
}

/** Fails unless a GET was refused; the lines. */
export function refused(result: Delegated | Response): readonly string[] {
  if (!('status' in result)) assert.fail('expected a refusal and got a proxy');
  return errorLines(result);
}
