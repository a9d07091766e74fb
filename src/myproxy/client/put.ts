import { LatchkeyError } from '../../kit/index.ts';
import {
  type Certificate,
  type CertificateRequest,
  type Credential,
  describeProxy,
  issueProxy,
  keySigner,
  type ProxyRights,
  type ProxyType,
  parseCertificateRequest,
  proxyTypeOfRequest,
} from '../../x509/index.ts';
import { encodeChain } from '../wire/chain.ts';
import { CLIENT_DEFAULTS } from './client-settings.ts';
import { type Operation, ownIdentity, withConnection } from './operation.ts';
import { checkNotExpired, type LoadedIdentity, loadIdentity, type OwnIdentity } from './own-identity.ts';
import { ask, expectOk, receiveUnlessRefused } from './reply.ts';
import { requestFor } from './request-fields.ts';
import { askOnce, type SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';
import { refuseIfThere, type StoredCredentialOptions, storedFields } from './store.ts';

/** What `put` delegates to the server. */
export interface PutOptions extends StoredCredentialOptions {
  /** Protects the delegated key on the server; at least 6 characters. Absent or empty: stored without (for renewal). */
  readonly passphrase?: SecretSource | undefined;
  /** What to delegate from; default the user's certificate, else the proxy in use. Also the identity, unless one is given. */
  readonly credential?: Exclude<OwnIdentity, 'anonymous'> | undefined;
  /** Seconds that the delegated credential lives; default 604 800 (a week); 0 = as long as its issuer. */
  readonly credentialLifetime?: number | undefined;
  /** Rights of the delegated proxy; default: those the server asks for (impersonation). */
  readonly rights?: ProxyRights | undefined;
}

/** What the server holds now. */
export interface PutResult {
  readonly chain: readonly Certificate[];
  readonly expires: Date;
  readonly server: ServerPeer;
}

/** PUT: request → OK → certificate request → chain → OK. The key of the new proxy never leaves the server, ours never leaves us. */
export async function askPut(operation: Operation, options: PutOptions): Promise<PutResult> {
  const passphrase = askOnce(options.passphrase, operation.signal);
  const source = await sourceOf(operation, options);
  await refuseIfThere(operation, options);
  // Who delegates is also who connects, unless the call says otherwise.
  const loaded =
    options.identity === undefined && operation.settings.identity === undefined ? source : undefined;
  return await withConnection(operation, { identity: 'required', loaded }, async (connection) => {
    const passPhrase = await passphrase();
    await ask(connection, requestFor('PUT', options, { ...storedFields(operation, options), passPhrase }));
    const der = await receiveUnlessRefused(connection, 'certificate request', (reader) => reader.der());
    const proxy = await delegate(operation, options, source.credential, parseCertificateRequest(der));
    const chain = [proxy, ...source.credential.chain];
    await connection.send(encodeChain(chain.map((certificate) => certificate.der)));
    await expectOk(connection, 'confirmation');
    const expires = new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime())));
    return { chain, expires, server: connection.peer };
  });
}

async function sourceOf(operation: Operation, options: PutOptions): Promise<LoadedIdentity> {
  const { settings } = operation;
  if (options.credential === undefined) {
    const own = await ownIdentity(operation, { identity: 'required', endEntityFirst: true });
    if (own !== undefined) return own;
    throw new LatchkeyError('x509/credential-missing', 'there is no credential to delegate from');
  }
  const source = await loadIdentity(options.credential, options.keyPassphrase ?? settings.keyPassphrase);
  checkNotExpired(source, settings.clock.now());
  return source;
}

/** Signs a proxy for the server's key. */
async function delegate(
  { settings }: Operation,
  options: PutOptions,
  source: Credential,
  request: CertificateRequest,
): Promise<Certificate> {
  const issuer = source.chain[0];
  if (issuer === undefined)
    throw new LatchkeyError('x509/credential-missing', 'the credential has no certificate');
  if (!request.verify()) {
    throw new LatchkeyError(
      'x509/signature-invalid',
      'the server sent a certificate request that it has not signed',
    );
  }
  const lifetimeSeconds = options.credentialLifetime ?? CLIENT_DEFAULTS.storedCredentialLifetime;
  return await issueProxy({
    issuer,
    signer: keySigner(source.privateKey),
    publicKey: request.publicKey,
    type: proxyTypeFor(issuer, request, options.rights),
    now: settings.clock.now(),
    ...(lifetimeSeconds > 0
      ? { lifetimeSeconds }
      : { lifetimeSeconds: secondsLeft(issuer, settings.clock.now()) }),
  });
}

/** A proxy's proxy is of its kind (kinds do not mix in a chain); otherwise the server says which, and RFC 3820 is the default. */
function proxyTypeFor(
  issuer: Certificate,
  request: CertificateRequest,
  rights: ProxyRights | undefined,
): ProxyType {
  const above = describeProxy(issuer);
  const wanted = proxyTypeOfRequest(request) ?? { kind: 'rfc3820', rights: 'impersonation' };
  const limited = above?.rights === 'limited' && (rights ?? wanted.rights) === 'impersonation';
  return {
    ...wanted,
    ...(above === undefined ? {} : { kind: above.kind }),
    ...(rights === undefined ? {} : { rights }),
    ...(limited ? { rights: 'limited' } : {}),
  };
}

function secondsLeft(issuer: Certificate, now: Date): number {
  return Math.max(1, Math.floor((issuer.notAfter.getTime() - now.getTime()) / 1000));
}
