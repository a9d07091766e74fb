import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type PublishedKey, publicDocuments } from '../../src/tokens/index.ts';
import { runBounded } from './scitokens.ts';

/** A test authority, and what it issued for `localhost`. */
export interface TestAuthority {
  /** The authority's certificate. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** File: the machine's authorities and this one. */
  readonly bundle: string;
}

/** Makes an authority and a host certificate with openssl, in `directory`. */
export async function makeTestAuthority(directory: string): Promise<TestAuthority> {
  const at = (name: string): string => join(directory, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const usage = 'basicConstraints=critical,CA:TRUE';
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=Token test CA',
    '-addext',
    usage,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  await openssl(
    'req',
    ...newKey.slice(0, -2),
    '-subj',
    '/CN=localhost',
    '-keyout',
    at('host.key'),
    '-out',
    at('host.csr'),
  );
  writeFileSync(at('host.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n');
  await openssl(
    'x509',
    '-req',
    '-in',
    at('host.csr'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('host.cnf'),
    '-out',
    at('host.pem'),
  );
  const ca = readFileSync(at('ca.pem'), 'utf8');
  writeFileSync(at('bundle.crt'), `${readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8')}\n${ca}`);
  return {
    ca,
    certificate: readFileSync(at('host.pem'), 'utf8'),
    key: readFileSync(at('host.key'), 'utf8'),
    bundle: at('bundle.crt'),
  };
}

async function openssl(...argv: string[]): Promise<void> {
  const { code, stderr } = await runBounded(['openssl', ...argv], process.env);
  if (code !== 0) throw new Error(stderr);
}

/** An issuer that publishes its keys over https on the loopback address. */
export interface TokenIssuer {
  /** `https://localhost:<port><path>`. */
  readonly issuer: string;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  /** Publishes other keys from now on. */
  publish(keys: readonly PublishedKey[]): void;
}

/** How {@link startTokenIssuer} behaves. */
export interface TokenIssuerOptions {
  /** Path of the issuer's URL; default `/iss`. */
  readonly path?: string;
  /** Which documents it has; default all. */
  readonly has?: (path: string) => boolean;
}

/** Starts one; it stops after the test. */
export async function startTokenIssuer(
  t: Pick<TestContext, 'after'>,
  authority: TestAuthority,
  keys: readonly PublishedKey[],
  { path = '/iss', has = () => true }: TokenIssuerOptions = {},
): Promise<TokenIssuer> {
  let published = keys;
  const requests: string[] = [];
  const server = createServer({ cert: authority.certificate, key: authority.key }, (request, response) => {
    const asked = request.url ?? '';
    requests.push(asked);
    const documents = Object.values(publicDocuments(issuer, published));
    const found = has(asked) ? documents.find((document) => document.path === asked) : undefined;
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(found === undefined ? 'not here' : JSON.stringify(found.content));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}${path}`;
  return {
    issuer,
    requests,
    publish: (newKeys) => {
      published = newKeys;
    },
  };
}
