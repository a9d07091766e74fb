import { isIP } from 'node:net';
import { type Finding, quote } from '../kit/index.ts';
import type { Certificate } from './certificate.ts';
import type { Name } from './name.ts';
import { formatOneline, hasUniqueOneline, parseOneline } from './name-oneline.ts';
import { attempt } from './path-attempt.ts';
import { endEntityOf, identityOf } from './proxy-chain.ts';
import { subjectAltNames } from './subject-alt-name.ts';

/** What the user said about the server. */
export interface ServerIdentityOptions {
  /** The host name or address as the user typed it. */
  readonly host: string;
  /** `MYPROXY_SERVER_DN`: the exact one-line name wanted; the host name then does not matter. */
  readonly expectedDn?: string;
}

/** A server that is not who was asked for: what it is, and what the user can do. */
export interface ServerIdentityFinding extends Finding {
  readonly code: 'server/identity';
  /** The remedy, one line. */
  readonly hint: string;
  /** The server's own name in one-line form; empty when it has none. */
  readonly actualDn: string;
  /** Host names and addresses that the certificate is for. */
  readonly actualHosts: readonly string[];
}

/**
 * Checks that a server's chain belongs to the host the user named, by RFC 2818 §3.1 and the names MyProxy servers have
 * had: CN `H`, `host/H` and `myproxy/H`, which count only when there is no dNSName. Returns nothing when it does.
 *
 * @param chain the path of a good {@link PathReport}, leaf first. Never the certificates as they were sent: validation passes
 * over those it does not need, and among them may be anybody's
 */
export function checkServerIdentity(
  chain: readonly Certificate[],
  options: ServerIdentityOptions,
): ServerIdentityFinding | undefined {
  const identity = identityOf(chain);
  const endEntity = endEntityOf(chain);
  const actualDn = identity === undefined ? '' : formatOneline(identity);
  if (options.expectedDn !== undefined && options.expectedDn !== '') {
    if (isNamed(identity, options.expectedDn)) return undefined;
    return finding(
      `the server is ${quote(actualDn)} where ${quote(options.expectedDn)} was expected`,
      `set MYPROXY_SERVER_DN to the server's own name, or unset it to go by the host name`,
      { actualDn, actualHosts: [], rule: 'MYPROXY_SERVER_DN' },
    );
  }
  const actualHosts = endEntity === undefined ? [] : hostsOf(endEntity);
  if (actualHosts.some((pattern) => hostMatches(pattern, options.host))) return undefined;
  const isFor =
    actualHosts.length === 0 ? 'no host at all' : actualHosts.map((name) => quote(name)).join(', ');
  return finding(
    `the server's certificate ${quote(actualDn)} is for ${isFor}, not for ${quote(options.host)}`,
    actualDn === ''
      ? 'ask for the server by a name its certificate is for'
      : `if that is the server you want, set MYPROXY_SERVER_DN=${shellQuote(actualDn)}, or ask for it by a name its certificate is for`,
    { actualDn, actualHosts, rule: 'RFC 2818 §3.1' },
  );
}

/** People write `/CN=host/a.org`; OpenSSL 3 prints it as `/CN=host\\/a.org`. Both are that name, and nothing else is. */
function isNamed(identity: Name | undefined, expected: string): boolean {
  if (identity === undefined || !hasUniqueOneline(identity)) return false;
  const actual = formatOneline(identity);
  const parsed = attempt(() => parseOneline(expected));
  return actual === expected || (parsed !== undefined && formatOneline(parsed) === actual);
}

/** The names a certificate is for: all dNSNames and iPAddresses, or else the common name. */
function hostsOf(certificate: Certificate): string[] {
  const names = attempt(() => subjectAltNames(certificate));
  // Names that cannot be read must not make way for the common name.
  if (names === undefined) return [];
  const addresses = names.flatMap((name) => (name.type === 'ip' ? [name.value] : []));
  const dns = names.flatMap((name) => (name.type === 'dns' ? [name.value] : []));
  if (dns.length > 0) return [...dns, ...addresses];
  const attributes = certificate.subject.rdns.flat().filter((attribute) => attribute.type === '2.5.4.3');
  const commonName = attributes[attributes.length - 1]?.text.replace(/^(?:host|myproxy)\//i, '');
  return commonName === undefined ? addresses : [...addresses, commonName];
}

function hostMatches(pattern: string, host: string): boolean {
  const wanted = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(wanted) !== 0)
    return isIP(pattern) !== 0 && canonicalAddress(pattern) === canonicalAddress(wanted);
  if (isIP(pattern) !== 0) return false;
  const [firstPattern, ...restPattern] = labels(pattern);
  const [first, ...rest] = labels(wanted);
  if (first === undefined || first === '' || restPattern.join('.') !== rest.join('.')) return false;
  // A wildcard stands for one whole label, and not in front of a top-level domain (RFC 6125 §6.4.3).
  return firstPattern === first || (firstPattern === '*' && rest.length >= 2);
}

function labels(name: string): string[] {
  return name.replace(/\.$/, '').toLowerCase().split('.');
}

/** IPv6 addresses have many spellings; a URL writes each in one way. */
function canonicalAddress(address: string): string {
  const bare = address.replace(/%.*$/, '');
  return isIP(bare) === 6 ? new URL(`http://[${bare}]/`).hostname : bare;
}

function shellQuote(text: string): string {
  return /^[\w/=.@:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function finding(
  message: string,
  hint: string,
  more: { actualDn: string; actualHosts: readonly string[]; rule: string },
): ServerIdentityFinding {
  return { code: 'server/identity', message, hint, ...more };
}
