import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** Where distributions keep what the machine's administrator trusts: Debian, Red Hat, Alpine. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

/**
 * PEM certificates that this machine trusts for TLS, as OpenSSL's programs see it: `SSL_CERT_FILE`, else the distribution's
 * bundle, else Node's own list; and `NODE_EXTRA_CA_CERTS` besides. Node alone would not see what an administrator installed.
 */
export function machineRoots(environment: NodeJS.ProcessEnv = process.env): string[] {
  const chosen = environment.SSL_CERT_FILE;
  const bundle = read(chosen) ?? firstOf(BUNDLES);
  const extra = read(environment.NODE_EXTRA_CA_CERTS);
  return [...(bundle === undefined ? rootCertificates : [bundle]), ...(extra === undefined ? [] : [extra])];
}

function firstOf(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const text = read(path);
    if (text !== undefined) return text;
  }
  return undefined;
}

function read(path: string | undefined): string | undefined {
  if (path === undefined || path === '') return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    return text.includes('-----BEGIN') ? text : undefined;
  } catch {
    return undefined;
  }
}
