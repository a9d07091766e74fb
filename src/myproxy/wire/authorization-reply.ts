import { LatchkeyError, Secret } from '../../kit/index.ts';
import { MAX_CHAIN_LENGTH, readCertificate } from './chain.ts';

/** A client's answer to a challenge. */
export type AuthorizationReply =
  | { readonly method: 'password'; readonly passPhrase: Secret }
  | {
      readonly method: 'X509_certificate' | 'X509_certificate_SHA256';
      /** Over the challenge's ASCII characters, by the key of `chain[0]`, with SHA-1 or SHA-256. */
      readonly signature: Buffer;
      /** DER, leaf first; the leaf may be a proxy. */
      readonly chain: readonly Buffer[];
    }
  | { readonly method: 'SASL'; readonly data: Buffer };

/** One row of {@link AUTHORIZATION_METHODS}. */
export interface AuthorizationMethodRow {
  /** Byte 0 of the reply. */
  readonly number: number;
  /** The name in `AUTHORIZATION_DATA`. */
  readonly method: AuthorizationReply['method'];
  /** The digest of the signature, for the certificate methods. */
  readonly digest?: 'sha1' | 'sha256';
}

/** The authorization methods, in the order in which a server offers them. */
export const AUTHORIZATION_METHODS: readonly AuthorizationMethodRow[] = [
  { number: 1, method: 'password' },
  { number: 2, method: 'X509_certificate', digest: 'sha1' },
  { number: 3, method: 'SASL' },
  { number: 4, method: 'X509_certificate_SHA256', digest: 'sha256' },
];

/** Bytes before the method's own data: the method number and three zeros. */
export const REPLY_HEADER_BYTES = 4;
/** Longest signature taken, in bytes: RSA with a 16,384-bit key. */
const MAX_SIGNATURE_BYTES = 2048;
/** Longest pass phrase or SASL data, in bytes: the C code's buffer for SASL. */
export const MAX_REPLY_TEXT_BYTES = 20_480;

/** Encodes a reply. The number of certificates is one byte, whatever the `PROTOCOL` text says. */
export function encodeAuthorizationReply(reply: AuthorizationReply): Buffer {
  const row = AUTHORIZATION_METHODS.find(({ method }) => method === reply.method);
  if (row === undefined) throw new TypeError(`no authorization method ${String(reply.method)}`);
  const header = Buffer.of(row.number, 0, 0, 0);
  if (reply.method === 'password') return Buffer.concat([header, reply.passPhrase.reveal(), Buffer.of(0)]);
  if (reply.method === 'SASL') {
    return reply.data.length === 0 ? header : Buffer.concat([header, reply.data, Buffer.of(0)]);
  }
  const length = Buffer.alloc(4);
  length.writeUInt32BE(signatureLength(reply.signature.length));
  const count = Buffer.of(certificateCount(reply.chain.length));
  return Buffer.concat([header, length, reply.signature, count, ...reply.chain]);
}

/**
 * Reads one whole reply; every length is checked against the bytes that are there.
 *
 * @throws LatchkeyError `myproxy/malformed`, `asn1/malformed`
 */
export function parseAuthorizationReply(message: Buffer): AuthorizationReply {
  const { method } = authorizationMethod(message);
  const body = message.subarray(REPLY_HEADER_BYTES);
  if (method === 'password') return { method, passPhrase: new Secret(untilNul(body)) };
  if (method === 'SASL') return { method, data: Buffer.from(untilNul(body)) };
  const length = replySignatureLength(body);
  const signature = body.subarray(4, 4 + length);
  const count = body[4 + length];
  if (signature.length !== length || count === undefined) {
    throw malformed(
      `it announces a signature of ${length} bytes and has ${Math.max(0, body.length - 4)} left`,
    );
  }
  const chain: Buffer[] = [];
  let offset = 4 + length + 1;
  for (let index = 0; index < certificateCount(count); index += 1) {
    if (offset === body.length) throw malformed(`it announces ${count} certificates and has ${index}`);
    const der = readCertificate(body, offset, index);
    chain.push(Buffer.from(der));
    offset += der.length;
  }
  if (offset !== body.length) throw malformed(`${body.length - offset} bytes follow the last certificate`);
  return { method, signature: Buffer.from(signature), chain };
}

/** The method of a reply whose first four bytes are there. @throws LatchkeyError `myproxy/malformed` */
export function authorizationMethod(message: Buffer): AuthorizationMethodRow {
  if (message.length < REPLY_HEADER_BYTES) throw malformed(`it has only ${message.length} bytes`);
  const number = message.readUInt32LE(0);
  const row = AUTHORIZATION_METHODS.find((candidate) => candidate.number === number);
  if (row === undefined) throw malformed(`no method has number ${number}`);
  return row;
}

/** The length that starts a certificate method's data, checked. @throws LatchkeyError `myproxy/malformed` */
export function replySignatureLength(body: Buffer): number {
  if (body.length < 4) throw malformed('it ends before the length of the signature');
  return signatureLength(body.readUInt32BE(0));
}

/** The announced number of certificates, checked. @throws LatchkeyError `myproxy/malformed` */
export function certificateCount(count: number): number {
  if (count === 0 || count > MAX_CHAIN_LENGTH) {
    throw malformed(`${count} certificates; 1 to ${MAX_CHAIN_LENGTH} are allowed`);
  }
  return count;
}

function signatureLength(length: number): number {
  if (length === 0 || length > MAX_SIGNATURE_BYTES) {
    throw malformed(`a signature of ${length} bytes; 1 to ${MAX_SIGNATURE_BYTES} are allowed`);
  }
  return length;
}

function untilNul(body: Buffer): Buffer {
  const nul = body.indexOf(0);
  const text = nul < 0 ? body : body.subarray(0, nul);
  if (text.length > MAX_REPLY_TEXT_BYTES) throw malformed(`a text of ${text.length} bytes`);
  return text;
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('myproxy/malformed', `malformed authorization reply: ${what}`);
}
