import type { KeyObject } from 'node:crypto';
import { LatchkeyError, quote } from '../kit/index.ts';
import {
  appendCommonName,
  buildCertificate,
  type Certificate,
  type Extension,
  type Name,
  parseOneline,
} from '../x509/index.ts';
import type { CertificateAuthority } from './authority.ts';
import { hostProfile, issuerKeyExtensions, userProfile } from './profiles.ts';
import { spkiOf } from './public-key.ts';
import { randomSerialNumber } from './serial-number.ts';

/** What both kinds of end-entity certificate need. */
export interface IssueOptions {
  /** Whose key the certificate is about; RSA or EC. */
  readonly publicKey: KeyObject;
  readonly now: Date;
  /** Default 365; never beyond the authority's own end. */
  readonly lifetimeDays?: number;
}

/** Issues a host certificate: CN and the first SAN are the first of `hostNames` (host names and IP addresses). */
export function issueHostCertificate(
  authority: CertificateAuthority,
  options: IssueOptions & { readonly hostNames: readonly string[] },
): Promise<Certificate> {
  const [first] = options.hostNames;
  if (first === undefined) throw new TypeError('a host certificate needs a host name');
  return issue(
    authority,
    options,
    first.slice(0, MAX_COMMON_NAME),
    hostProfile(options.publicKey, options.hostNames),
  );
}

/**
 * Issues a user certificate for `/O=Latchkey …/CN=<commonName>`.
 *
 * @throws LatchkeyError `config/invalid` for a name that {@link checkCommonName} refuses
 */
export function issueUserCertificate(
  authority: CertificateAuthority,
  options: IssueOptions & { readonly commonName: string },
): Promise<Certificate> {
  checkCommonName(options.commonName);
  return issue(authority, options, options.commonName, userProfile(options.publicKey));
}

/** ub-common-name (RFC 5280 appendix A). */
const MAX_COMMON_NAME = 64;

/**
 * A user's CN: 1 to 64 letters, digits, blanks and `. _ - @ ' ( )`, not at its ends a blank. A slash or equals sign would read as another
 * attribute in the one-line form that policies match; `proxy` and `limited proxy` would read as a legacy proxy.
 *
 * @throws LatchkeyError `config/invalid`
 */
export function checkCommonName(name: string): void {
  const wellFormed = /^[\p{L}\p{N}._@'()-]([\p{L}\p{N} ._@'()-]*[\p{L}\p{N}._@'()-])?$/u.test(name);
  if (wellFormed && name.length <= MAX_COMMON_NAME && !/^(limited )?proxy$/.test(name)) return;
  throw new LatchkeyError('config/invalid', `${quote(name)} cannot be the name in a certificate`, {
    hint: 'use 1 to 64 letters, digits, blanks and . _ - @ \' ( ); not "proxy" or "limited proxy"',
  });
}

function issue(
  authority: CertificateAuthority,
  options: IssueOptions,
  commonName: string,
  extensions: readonly Extension[],
): Promise<Certificate> {
  const { publicKey, now, lifetimeDays = 365 } = options;
  const issuer = authority.certificate;
  const wanted = now.getTime() + lifetimeDays * 86_400_000;
  const notBefore = Math.max(now.getTime() - 5 * 60_000, issuer.notBefore.getTime());
  return buildCertificate({
    subject: nameBelow(authority.namespace, commonName),
    issuer: issuer.subject,
    serialNumber: randomSerialNumber(),
    notBefore: new Date(notBefore),
    notAfter: new Date(Math.min(wanted, issuer.notAfter.getTime())),
    spki: spkiOf(publicKey),
    extensions: [...extensions, ...issuerKeyExtensions(issuer)],
    signer: authority.signer,
  });
}

function nameBelow(namespace: string, commonName: string): Name {
  return appendCommonName(parseOneline(namespace), commonName);
}
