import type { KeyObject } from 'node:crypto';
import { isLatchkeyError } from '../../kit/index.ts';
import { delegationLifetime } from '../../repository/index.ts';
import {
  type Certificate,
  type CertificateRequest,
  type Extension,
  issueProxy,
  keySigner,
  parseCertificateRequest,
  proxyTypeOfRequest,
  type Signer,
} from '../../x509/index.ts';
import { encodeChain } from '../wire/chain.ts';
import { type Operation, sendFinalOk, sendOkWithTrustRoots } from './operation.ts';
import { refusal } from './refusal.ts';
import { type AuthorizedRetrieval, authorizeRetrieval } from './retrieval.ts';

const MIN_RSA_BITS = 1_024;
const MAX_RSA_BITS = 16_384;

/** GET (`myproxy-logon`): delegates a proxy of a stored credential for the client's own key. */
export async function get(operation: Operation): Promise<void> {
  const authorized = await authorizeRetrieval(operation);
  await sendOkWithTrustRoots(operation);
  const der = await readRequest(operation);
  if (der === undefined) return;
  const certificates = await delegate(operation, authorized, der);
  await operation.wire.write(encodeChain(certificates.map((certificate) => certificate.der)));
  await sendFinalOk(operation);
}

/** The client's certificate request; undefined when it only wanted to know whether it may (`myproxy-logon -N`). */
async function readRequest({ wire, notes }: Operation): Promise<Buffer | undefined> {
  try {
    return await wire.reader.der();
  } catch (error) {
    if (isLatchkeyError(error, 'myproxy/closed') && error.details.betweenMessages !== false) {
      notes.why = 'the client closed after authentication without asking for a proxy';
      return undefined;
    }
    throw refusal(
      ['Unable to delegate credentials.', 'Unable to read cert request from client.'],
      error instanceof Error ? error.message : undefined,
    );
  }
}

async function delegate(
  operation: Operation,
  { credential, chain, key, issueLimited }: AuthorizedRetrieval,
  der: Buffer,
): Promise<readonly Certificate[]> {
  const { service, request, notes } = operation;
  const certificateRequest = checkRequest(der);
  const [issuer] = chain.certificates;
  if (issuer === undefined) throw cannot('the stored chain is empty');
  const now = service.clock.now();
  const lifetimeSeconds = delegationLifetime({
    requestedSeconds: request.lifetimeSeconds,
    storedSeconds: credential.maxLifetimeSeconds,
    maxSeconds: service.policy.maxProxyLifetimeSeconds,
    issuerExpires: issuer.notAfter,
    now,
  });
  if (lifetimeSeconds <= 0) throw cannot('the stored credential has expired');
  const type = proxyTypeOfRequest(certificateRequest);
  const issuerKey = key ?? (await service.vault.openClear(credential));
  const extensions = await attributes(operation, chain.certificates, issuerKey, lifetimeSeconds);
  const proxy = await issueProxy({
    issuer,
    signer: signerOf(issuerKey),
    publicKey: certificateRequest.publicKey,
    ...(type === undefined ? {} : { type }),
    limited: issueLimited,
    lifetimeSeconds,
    now,
    extensions,
  }).catch((error: unknown) => {
    throw isLatchkeyError(error) ? cannot(error.message, error) : error;
  });
  notes.lifetimeSeconds = lifetimeSeconds;
  operation.log('info', `Delegating credentials for ${credential.owner} lifetime=${lifetimeSeconds}`);
  return [proxy, ...chain.certificates];
}

/** The attributes that the client asked for with `VONAME`; a VOMS server that gives none fails the request with its words. */
async function attributes(
  operation: Operation,
  chain: readonly Certificate[],
  privateKey: KeyObject,
  lifetimeSeconds: number,
): Promise<readonly Extension[]> {
  const { service, request, signal } = operation;
  const { voNames, vomses } = request;
  if (voNames.length === 0) return [];
  if (service.attributes === undefined) {
    operation.log('warn', 'client requested VOMS attributes but allow_voms_attribute_requests is not set');
    return [];
  }
  const vomsDirectory = service.voms?.directory;
  const how = { trust: service.trust, vomsDirectory, now: service.clock.now(), signal };
  const wanted = { voNames, vomses, lifetimeSeconds };
  try {
    const extension = await service.attributes.extensionFor(wanted, { chain, privateKey }, how);
    operation.log('info', `attributes of ${voNames.join(', ')} added`);
    return [extension];
  } catch (error) {
    signal.throwIfAborted();
    throw isLatchkeyError(error)
      ? refusal(['Unable to delegate credentials.', `VOMS attributes: ${error.message}`], error.message)
      : error;
  }
}

function checkRequest(der: Buffer): CertificateRequest {
  let request: CertificateRequest;
  try {
    request = parseCertificateRequest(der);
    if (!request.verify()) throw cannot('the certificate request is not signed with its own key');
  } catch (error) {
    if (isLatchkeyError(error, 'repository/denied')) throw error;
    throw cannot('the certificate request could not be read', error);
  }
  const bits = request.publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)) {
    throw cannot(`the request's RSA key has ${bits} bits: ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`);
  }
  return request;
}

/** Opened keys come back from the vault as the same object: their signers are kept with them. */
const SIGNERS = new WeakMap<KeyObject, Signer>();

function signerOf(key: KeyObject): Signer {
  const known = SIGNERS.get(key);
  if (known !== undefined) return known;
  const signer = keySigner(key);
  SIGNERS.set(key, signer);
  return signer;
}

function cannot(reason: string, cause?: unknown): Error {
  const why = cause instanceof Error ? `${reason}: ${cause.message}` : reason;
  return refusal(['Unable to delegate credentials.', reason], why);
}
