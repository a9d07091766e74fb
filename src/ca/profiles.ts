import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { LatchkeyError, quote } from '../kit/index.ts';
import {
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  EKU,
  type Extension,
  extendedKeyUsageExtension,
  type KeyUsage,
  keyUsageExtension,
  subjectAltNameExtension,
  subjectKeyIdentifier,
  subjectKeyIdentifierExtension,
} from '../x509/index.ts';
import { spkiOf } from './public-key.ts';

/** Extensions of a self-signed authority (RFC 5280 §4.2.1). */
export function authorityProfile(publicKey: KeyObject): Extension[] {
  return [
    basicConstraintsExtension({ isCa: true }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifierExtension(spkiOf(publicKey)),
  ];
}

/** Extensions of a host certificate. clientAuth as well: a server that renews presents its host certificate as a client. */
export function hostProfile(publicKey: KeyObject, hostNames: readonly string[]): Extension[] {
  return [
    basicConstraintsExtension({ isCa: false }),
    keyUsageExtension(usages(publicKey)),
    extendedKeyUsageExtension([EKU.serverAuth, EKU.clientAuth]),
    subjectAltNameExtension(
      hostNames.map((name) =>
        isIP(name) === 0 ? { type: 'dns', value: checkHostName(name) } : { type: 'ip', value: name },
      ),
    ),
    subjectKeyIdentifierExtension(spkiOf(publicKey)),
  ];
}

/** Extensions of a user certificate. */
export function userProfile(publicKey: KeyObject): Extension[] {
  return [
    basicConstraintsExtension({ isCa: false }),
    keyUsageExtension(usages(publicKey)),
    extendedKeyUsageExtension([EKU.clientAuth]),
    subjectKeyIdentifierExtension(spkiOf(publicKey)),
  ];
}

/** The extension that names the issuer's key; none when the issuer does not name its own. */
export function issuerKeyExtensions(issuer: { readonly extensions: readonly Extension[] }): Extension[] {
  const identifier = subjectKeyIdentifier(issuer);
  return identifier === undefined ? [] : [authorityKeyIdentifierExtension(identifier)];
}

/** Key encipherment is RSA key transport; an EC key cannot do it (RFC 5480 §3). */
function usages(publicKey: KeyObject): KeyUsage[] {
  return publicKey.asymmetricKeyType === 'rsa'
    ? ['digitalSignature', 'keyEncipherment']
    : ['digitalSignature'];
}

function checkHostName(name: string): string {
  const label = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
  if (name.length <= 253 && name.split('.').every((part) => label.test(part))) return name;
  throw new LatchkeyError('config/invalid', `a host name or IP address is expected, not ${quote(name)}`);
}
