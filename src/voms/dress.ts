import {
  type Credential,
  type Extension,
  generateKeyPair,
  issueProxy,
  type KeyAlgorithm,
  keySigner,
  type ProxyType,
} from '../x509/index.ts';
import type { AttributeCertificate } from './attribute-certificate.ts';
import { attributeCertificatesExtension } from './proxy-extension.ts';

/** What {@link dressCredential} makes of a credential. */
export interface DressOptions {
  readonly certificates: readonly AttributeCertificate[];
  readonly now: Date;
  /** 0 = as long as what signs it. */
  readonly lifetimeSeconds: number;
  /** Default RSA 2048. */
  readonly key?: KeyAlgorithm;
  readonly type?: ProxyType;
  readonly limited?: boolean;
  /** Further extensions of the proxy. */
  readonly extensions?: readonly Extension[];
}

/**
 * Makes a proxy with attributes below a credential: below a certificate it is the first proxy, below a proxy one more.
 *
 * @throws LatchkeyError `proxy/not-allowed`, `proxy/expired`, `x509/key-mismatch`
 */
export async function dressCredential(credential: Credential, options: DressOptions): Promise<Credential> {
  const { certificates, now, lifetimeSeconds, key = { type: 'rsa', bits: 2048 }, type, limited } = options;
  const [issuer] = credential.chain;
  if (issuer === undefined) throw new TypeError('a credential has a certificate');
  const pair = await generateKeyPair(key);
  const proxy = await issueProxy({
    issuer,
    signer: keySigner(credential.privateKey),
    publicKey: pair.publicKey,
    lifetimeSeconds,
    now,
    ...(type === undefined ? {} : { type }),
    ...(limited === undefined ? {} : { limited }),
    extensions: [
      ...(certificates.length === 0 ? [] : [attributeCertificatesExtension(certificates)]),
      ...(options.extensions ?? []),
    ],
  });
  return { chain: [proxy, ...credential.chain], privateKey: pair.privateKey };
}

/** Proxy and attributes that do not end together, within a minute: both times, and who ends first. */
export interface UnevenEnds {
  readonly vo: string;
  readonly proxyEnds: Date;
  readonly attributesEnd: Date;
  readonly endsFirst: 'proxy' | 'attributes';
}

const NEGLIGIBLE_SECONDS = 60;

/** What there is to warn of, for each attribute certificate of a proxy. @param negligible seconds that nobody has to be told of */
export function unevenEnds(
  proxyEnds: Date,
  certificates: readonly AttributeCertificate[],
  negligible = NEGLIGIBLE_SECONDS,
): readonly UnevenEnds[] {
  return certificates.flatMap(({ vo, notAfter }) => {
    const apart = (notAfter.getTime() - proxyEnds.getTime()) / 1_000;
    if (Math.abs(apart) < negligible) return [];
    return [{ vo, proxyEnds, attributesEnd: notAfter, endsFirst: apart > 0 ? 'proxy' : 'attributes' }];
  });
}
