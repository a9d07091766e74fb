import { constants, type KeyObject, randomBytes, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { isLatchkeyError } from '../../kit/index.ts';
import { type Certificate, formatOneline, parseCertificate } from '../../x509/index.ts';
import { type AuthorizationReply, parseAuthorizationReply } from '../wire/authorization-reply.ts';
import { encodeResponse } from '../wire/response.ts';
import { explainPath } from './explain-path.ts';
import { opensslWords } from './openssl-words.ts';
import type { Operation } from './operation.ts';
import { refusal } from './refusal.ts';

const MAX_SIGNATURE_BYTES = 2_048;
const MAX_CERTIFICATES = 100;

const DIGESTS = { X509_certificate: 'sha1', X509_certificate_SHA256: 'sha256' } as const;

/** What a client has proved with its answer to a challenge. */
export interface ChallengeAnswer {
  readonly isLimited: boolean;
}

/**
 * Challenges the client to sign with a credential of `identity`: methods 2 (SHA-1, for jglobus) and 4 (SHA-256).
 *
 * @throws LatchkeyError with refusal lines, the last of them `authentication failed`
 */
export async function challengeClient(operation: Operation, identity: string): Promise<ChallengeAnswer> {
  const { wire } = operation;
  const challenges = {
    X509_certificate: randomBytes(16).toString('hex'),
    X509_certificate_SHA256: randomBytes(16).toString('hex'),
  };
  await wire.write(
    encodeResponse({
      status: 'authorization',
      challenges: [
        { method: 'X509_certificate', data: challenges.X509_certificate },
        { method: 'X509_certificate_SHA256', data: challenges.X509_certificate_SHA256 },
      ],
    }),
  );
  const reply = await readReply(operation);
  if (reply.method !== 'X509_certificate' && reply.method !== 'X509_certificate_SHA256') {
    throw failed([`the challenge was answered by the method ${reply.method}, which was not offered`]);
  }
  const chain = parseChain(reply.chain);
  const [leaf] = chain;
  if (leaf === undefined) throw failed(['certificate verification failed', 'the answer has no certificate']);
  const data = Buffer.from(challenges[reply.method], 'ascii');
  if (!(await isSigned(data, DIGESTS[reply.method], leaf.publicKey, reply.signature))) {
    throw failed(['certificate verification failed', 'the signature does not fit the certificate']);
  }
  return { isLimited: checkChain(operation, chain, identity) };
}

/** Validates the chain of the answer and compares its identity; returns whether it is limited. */
function checkChain({ service, log }: Operation, chain: readonly Certificate[], identity: string): boolean {
  const report = service.chains.validatePath(chain, service.trust, service.clock.now());
  if (!report.ok || report.identity === undefined) {
    throw failed([
      'certificate chain verification failed',
      `X509_verify_cert() failed: ${opensslWords(report) ?? 'no identity'}`,
      ...explainPath(report),
    ]);
  }
  const answered = formatOneline(report.identity);
  if (answered !== identity) {
    throw failed([
      'certificate subject does not match credential to be renewed',
      `the certificate used for renewal is "${answered}"`,
    ]);
  }
  log('info', 'renewal authentication succeeded');
  return report.isLimited;
}

async function readReply({ wire }: Operation): Promise<AuthorizationReply> {
  try {
    return parseAuthorizationReply(await wire.reader.authorizationReply());
  } catch (error) {
    if (!isLatchkeyError(error, 'myproxy/malformed') && !isLatchkeyError(error, 'myproxy/too-large'))
      throw error;
    throw failed(['the answer to the challenge could not be read', error.message]);
  }
}

function parseChain(certificates: readonly Buffer[]): Certificate[] {
  if (certificates.length > MAX_CERTIFICATES) throw failed([`more than ${MAX_CERTIFICATES} certificates`]);
  try {
    return certificates.map((der) => parseCertificate(der));
  } catch (error) {
    throw failed(
      ['certificate verification failed', 'a certificate of the answer could not be read'],
      error instanceof Error ? error.message : undefined,
    );
  }
}

const verifyOffLoop = promisify(verify);

async function isSigned(
  data: Buffer,
  digest: 'sha1' | 'sha256',
  key: KeyObject,
  signature: Buffer,
): Promise<boolean> {
  if (signature.length === 0 || signature.length > MAX_SIGNATURE_BYTES) return false;
  const options = key.asymmetricKeyType === 'rsa' ? { key, padding: constants.RSA_PKCS1_PADDING } : { key };
  try {
    return await verifyOffLoop(digest, data, options, signature);
  } catch {
    return false;
  }
}

function failed(lines: readonly string[], why?: string): Error {
  return refusal([...lines, 'authentication failed'], why);
}
