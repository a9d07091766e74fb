import {
  Cursor,
  contextTag,
  encode,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  readOctetString,
  readOid,
  readOnly,
  readSmallInteger,
  TAG,
} from '../asn1/index.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { type Extended, type Extension, findExtension } from './extension.ts';
import type { ProxyRights, ProxyType } from './proxy-type.ts';
import { malformed, reading } from './reading.ts';

/** Object identifier of proxyCertInfo (RFC 3820 §3.8). */
export const PROXY_CERT_INFO = '1.3.6.1.5.5.7.1.14';

/** Object identifier of proxyCertInfo in the GT3 draft. */
export const DRAFT_PROXY_CERT_INFO = '1.3.6.1.4.1.3536.1.222';

/** Policy languages (RFC 3820 §3.8.2); `limited` is Globus'. */
const LANGUAGES: Readonly<Record<Exclude<ProxyRights, 'restricted'>, string>> = {
  impersonation: '1.3.6.1.5.5.7.21.1',
  independent: '1.3.6.1.5.5.7.21.2',
  limited: '1.3.6.1.4.1.3536.1.1.1.9',
};
const ANY_LANGUAGE = '1.3.6.1.5.5.7.21.0';

const RIGHTS: ReadonlyMap<string, ProxyRights> = new Map([
  [LANGUAGES.impersonation, 'impersonation'],
  [LANGUAGES.independent, 'independent'],
  [LANGUAGES.limited, 'limited'],
]);

/**
 * The extension that makes a certificate a proxy of this type, critical. A `restricted` type without a language gets
 * anyLanguage (RFC 3820 §3.8.2).
 *
 * @throws TypeError for a legacy proxy, which has no such extension
 */
export function proxyCertInfoExtension(type: ProxyType): Extension {
  if (type.kind === 'legacy') throw new TypeError('a legacy proxy has no proxyCertInfo extension');
  const language = type.rights === 'restricted' ? (type.languageOid ?? ANY_LANGUAGE) : LANGUAGES[type.rights];
  const policy = encodeSequence(
    encodeOid(language),
    ...(type.policy === undefined ? [] : [encodeOctetString(type.policy)]),
  );
  const length = type.pathLength === undefined ? [] : [encodeInteger(type.pathLength)];
  return type.kind === 'rfc3820'
    ? { oid: PROXY_CERT_INFO, critical: true, value: encodeSequence(...length, policy) }
    : {
        oid: DRAFT_PROXY_CERT_INFO,
        critical: true,
        value: encodeSequence(policy, ...length.map((integer) => encode(contextTag(1), integer))),
      };
}

/**
 * The type of proxy that a request asks for in its extensions; undefined when it does not say (as jglobus and the Python
 * client do not).
 *
 * @throws LatchkeyError `x509/malformed`
 */
export function proxyTypeOfRequest(request: CertificateRequest): ProxyType | undefined {
  return readProxyCertInfo(request);
}

/** The type that a proxyCertInfo extension states, whether critical or not. @throws LatchkeyError `x509/malformed` */
export function readProxyCertInfo(x: Extended): ProxyType | undefined {
  const rfc = findExtension(x, PROXY_CERT_INFO);
  const draft = findExtension(x, DRAFT_PROXY_CERT_INFO);
  if (rfc !== undefined && draft !== undefined) {
    throw malformed('proxyCertInfo', 'it is there in the RFC 3820 and in the draft form');
  }
  const extension = rfc ?? draft;
  if (extension === undefined) return undefined;
  return reading('proxyCertInfo', () => parseProxyCertInfo(extension.value, rfc === undefined));
}

function parseProxyCertInfo(value: Buffer, isDraft: boolean): ProxyType {
  const cursor = new Cursor(readOnly(value, TAG.sequence));
  const leading = isDraft ? undefined : cursor.takeIf(TAG.integer);
  const policyFields = new Cursor(cursor.take(TAG.sequence));
  const language = readOid(policyFields.take());
  const policy = policyFields.done ? undefined : readOctetString(policyFields.take());
  policyFields.end();
  const trailing = isDraft ? cursor.takeIf(contextTag(1)) : undefined;
  cursor.end();
  const lengthField = leading ?? (trailing && readOnly(trailing.contents));
  const pathLength = lengthField && readSmallInteger(lengthField);
  if (pathLength !== undefined && pathLength < 0) throw malformed('proxyCertInfo', 'a negative path length');
  const rights = RIGHTS.get(language) ?? 'restricted';
  return {
    kind: isDraft ? 'draft' : 'rfc3820',
    rights,
    ...(rights === 'restricted' ? { languageOid: language } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(pathLength === undefined ? {} : { pathLength }),
  };
}
