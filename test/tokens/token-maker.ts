import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { makePublishedKey, type PublishedKey } from '../../src/tokens/index.ts';

/** The issuer and audience of every token made here. */
export const ISSUER = 'https://issuer.example/iss';
export const AUDIENCE = 'https://data.example';
/** Whole seconds; the peers have no other clock than the machine's. */
export const NOW: Date = new Date(Math.floor(Date.now() / 1000) * 1000);
export const NOW_SECONDS: number = NOW.getTime() / 1000;

/** Keys of one run; nobody else has them. */
export interface TestKeys {
  readonly ec: KeyObject;
  readonly rsa: KeyObject;
  readonly ed: KeyObject;
  /** Of nobody the verifier trusts. */
  readonly foreign: KeyObject;
  /** What the issuer publishes: kids `ec`, `rsa`, `ed`, and `twin` twice. */
  readonly published: readonly PublishedKey[];
}

/** Makes the keys. */
export function makeTestKeys(): TestKeys {
  const curve = { namedCurve: 'P-256' };
  const ec = generateKeyPairSync('ec', curve).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  const foreign = generateKeyPairSync('ec', curve).privateKey;
  const twin = generateKeyPairSync('ec', curve).privateKey;
  const published = [
    makePublishedKey(ec, 'ec'),
    makePublishedKey(rsa, 'rsa'),
    makePublishedKey(ed, 'ed'),
    makePublishedKey(ec, 'twin'),
    makePublishedKey(twin, 'twin'),
  ];
  return { ec, rsa, ed, foreign, published };
}

/** A good SciTokens 2.0 token's claims. */
export function goodClaims(): Record<string, unknown> {
  return {
    ver: 'scitoken:2.0',
    iss: ISSUER,
    sub: 'alice',
    aud: [AUDIENCE],
    scope: 'read:/user/alice',
    iat: NOW_SECONDS,
    nbf: NOW_SECONDS,
    exp: NOW_SECONDS + 1200,
    jti: randomUUID(),
  };
}

/** A good header. */
export const GOOD_HEADER: Readonly<Record<string, unknown>> = { alg: 'ES256', typ: 'JWT', kid: 'ec' };

/** base64url of JSON, or of text as it is. */
export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** Signs whatever it is given, by the rules of nobody. */
export function forge(header: unknown, claims: unknown, signer: (input: Buffer) => Buffer): string {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`;
}

/** Signers for {@link forge}. */
export const signers = {
  es256: (key: KeyObject) => (input: Buffer) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  der: (key: KeyObject) => (input: Buffer) => sign('sha256', input, { key, dsaEncoding: 'der' }),
  rs256: (key: KeyObject) => (input: Buffer) => sign('sha256', input, key),
  rs384: (key: KeyObject) => (input: Buffer) => sign('sha384', input, key),
  eddsa: (key: KeyObject) => (input: Buffer) => sign(null, input, key),
  hmac: (secret: string | Buffer) => (input: Buffer) => createHmac('sha256', secret).update(input).digest(),
  fixed: (bytes: Buffer) => () => bytes,
};
