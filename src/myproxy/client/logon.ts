import type { KeyObject } from 'node:crypto';
import { parsePem } from '../../asn1/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import {
  type Certificate,
  type CertificateRequest,
  type Credential,
  createCertificateRequest,
  generateKeyPair,
  type KeyAlgorithm,
  type KeyPair,
  keySigner,
  parseCertificateRequest,
} from '../../x509/index.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import type { ServerConnection } from './connection.ts';
import { checkDelegation } from './delegation-check.ts';
import { type Bootstrap, type Operation, TRUST_ROOTS_MAX_BYTES, withConnection } from './operation.ts';
import { loadIdentity, type OwnIdentity } from './own-identity.ts';
import { ask, expectOk, receiveUnlessRefused } from './reply.ts';
import { requestFor } from './request-fields.ts';
import { askOnce, type SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';
import { type TrustRootsResult, takeTrustRoots } from './trust-roots.ts';

/** What `logon` asks for. */
export interface LogonOptions extends OperationOptions, CredentialSelector {
  /** Default: none, for renewal and for trusted retrievers. */
  readonly passphrase?: SecretSource | undefined;
  /** Seconds; default the client's `proxyCertLifetime`; 0 = as long as the server allows. */
  readonly lifetime?: number | undefined;
  /** Renew with this credential: it answers the server's challenge, by the name it stands for (`myproxy-logon -a`). */
  readonly renew?: OwnIdentity | undefined;
  /** A key pair to use instead of a new one. */
  readonly keyPair?: KeyPair | undefined;
  /** Kind of the new key; default RSA with `MYPROXY_KEYBITS`, else 2048 bits. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  /** Short for `keyAlgorithm: { type: 'rsa', bits }`. */
  readonly nBitsForKey?: number | undefined;
  /** Ask the server for its trust roots too and install them in the trust directory. Default false. */
  readonly updateTrustRoots?: boolean | undefined;
  /** Trust on first use: when the server's authority is not known, take it from an unverified connection first;
   * `'when-missing'` only while nobody at all is trusted. Implies `updateTrustRoots`. Default false. */
  readonly bootstrap?: Bootstrap | undefined;
  /** VOMS: names of virtual organisations the server shall add attributes of. */
  readonly voNames?: readonly string[] | undefined;
  readonly vomses?: readonly string[] | undefined;
}

/** `logon` with a PKCS#10 request of the caller (PEM, or DER bytes): the key stays where it is. */
export interface LogonWithRequestOptions
  extends Omit<LogonOptions, 'keyPair' | 'keyAlgorithm' | 'nBitsForKey'> {
  readonly certReq: string | Uint8Array;
}

/** What was delegated. */
export interface Delegation {
  /** The new certificate first, then those that lead to its end entity or further. */
  readonly chain: readonly Certificate[];
  /** When the first certificate of the chain expires. */
  readonly expires: Date;
  readonly server: ServerPeer;
  /** Present when trust roots were asked for. */
  readonly trustRoots?: TrustRootsResult;
}

/** What was delegated, with the key that was made for it. */
export interface LogonResult extends Delegation {
  readonly credential: Credential;
  readonly privateKey: KeyObject;
}

/** What GET is asked with: a request that is ready, and the key it is for if that is ours. */
interface PreparedRequest {
  readonly request: CertificateRequest;
  readonly keyPair?: KeyPair;
}

/** GET: request → [challenge → answer] → OK → certificate request → chain → OK. */
export async function askDelegation(
  operation: Operation,
  options: LogonOptions | LogonWithRequestOptions,
): Promise<Delegation | LogonResult> {
  // The key is searched for while the connection is made and the server looks at the pass phrase.
  const over = new AbortController();
  const prepared = prepareRequest(operation, options, over.signal);
  prepared.catch(() => {}); // waited for below, unless something else fails first
  try {
    return await logonExchange(operation, options, async (connection, trustRoots) => {
      const { request, keyPair } = await prepared;
      await connection.send(request.der);
      const ders = await receiveUnlessRefused(connection, 'certificates', (reader) => reader.chain());
      const { chain, expires } = checkDelegation(
        operation,
        ders,
        request,
        wantedLifetime(operation, options),
      );
      await expectOk(connection, 'end of the delegation');
      const delegation = { chain, expires, server: connection.peer, ...(trustRoots && { trustRoots }) };
      if (keyPair === undefined) return delegation;
      const { privateKey } = keyPair;
      return { ...delegation, privateKey, credential: { chain, privateKey } };
    });
  } finally {
    over.abort();
  }
}

/** GET up to the first OK: the server has let us in, and we hang up. */
export async function askAuthentication(operation: Operation, options: LogonOptions): Promise<ServerPeer> {
  return await logonExchange(operation, options, async (connection) => connection.peer);
}

async function logonExchange<Value>(
  operation: Operation,
  options: LogonOptions | LogonWithRequestOptions,
  proceed: (connection: ServerConnection, trustRoots: TrustRootsResult | undefined) => Promise<Value>,
): Promise<Value> {
  const passphrase = askOnce(options.passphrase, operation.signal);
  const { renew, bootstrap = false } = options;
  const wantTrustRoots = (options.updateTrustRoots ?? false) || bootstrap !== false;
  const answerWith = await renewalCredential(renew);
  const needs = {
    identity: 'optional',
    bootstrap,
    ...(wantTrustRoots ? { maxMessageBytes: TRUST_ROOTS_MAX_BYTES } : {}),
  } as const;
  return await withConnection(operation, needs, async (connection) => {
    const passPhrase = await passphrase();
    const request = requestFor('GET', options, {
      passPhrase,
      lifetimeSeconds: wantedLifetime(operation, options),
      wantTrustRoots,
      voNames: options.voNames ?? [],
      vomses: options.vomses ?? [],
    });
    const response = await ask(connection, request, answerWith);
    const trustRoots = wantTrustRoots ? await takeTrustRoots(operation, response, true) : undefined;
    return await proceed(connection, trustRoots);
  });
}

/** The credential that answers a challenge. */
export async function renewalCredential(renew: OwnIdentity | undefined): Promise<Credential | undefined> {
  if (renew === undefined || renew === 'anonymous') return undefined;
  return (await loadIdentity(renew)).credential;
}

function wantedLifetime({ settings }: Operation, { lifetime }: Pick<LogonOptions, 'lifetime'>): number {
  return lifetime ?? settings.proxyCertLifetime;
}

async function prepareRequest(
  { settings, signal }: Operation,
  options: LogonOptions | LogonWithRequestOptions,
  over: AbortSignal,
): Promise<PreparedRequest> {
  if ('certReq' in options) return { request: givenRequest(options.certReq) };
  const { keyPair: given, keyAlgorithm, nBitsForKey } = options;
  const algorithm = keyAlgorithm ?? (nBitsForKey === undefined ? settings.keyAlgorithm : rsa(nBitsForKey));
  const stop = signal === undefined ? over : AbortSignal.any([signal, over]);
  const keyPair = given ?? (await generateKeyPair(algorithm, stop));
  const der = await createCertificateRequest({ signer: keySigner(keyPair.privateKey) });
  return { request: parseCertificateRequest(der), keyPair };
}

function rsa(bits: number): KeyAlgorithm {
  return { type: 'rsa', bits };
}

function givenRequest(certReq: string | Uint8Array): CertificateRequest {
  const bytes = Buffer.from(certReq as Uint8Array);
  const text = bytes.toString('latin1');
  const block = text.includes('-----BEGIN') ? parsePem(text).find(isRequest) : undefined;
  const request = parseCertificateRequest(block?.der ?? bytes);
  if (!request.verify()) {
    throw new LatchkeyError(
      'x509/signature-invalid',
      'the certificate request is not signed with the key it is for',
    );
  }
  return request;
}

function isRequest({ label }: { readonly label: string }): boolean {
  return label === 'CERTIFICATE REQUEST' || label === 'NEW CERTIFICATE REQUEST';
}
