import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The header and claims of a compact JWT, whatever they say. */
export function readJwt(token: unknown): {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
} {
  const [header = '', claims = ''] = String(token).split('.');
  const parse = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  return { header: parse(header), claims: parse(claims) };
}

/** True when an ES256 signature is good under the PEM file's public key. */
export function isSignedBy(token: unknown, publicKeyFile: string): boolean {
  const key: KeyObject = createPublicKey(readFileSync(publicKeyFile));
  const [header = '', claims = '', signature = ''] = String(token).split('.');
  return verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
}
