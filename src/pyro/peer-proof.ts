import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../kit/index.ts';

/**
 * How peers of ours recognise each other and prove that both know a token, which itself never crosses the wire. It travels in an annotation of
 * the handshake's messages, which other Pyro programs ignore:
 *
 *     client → server  CONNECT    hello: a nonce, and whether it has a token
 *     server → client  CONNECTOK  welcome, without a token; or challenge: a nonce, and the server's proof
 *     client → server  CONNECT    answer: the client's proof
 *     server → client  CONNECTOK  welcome
 *
 * The server proves itself first: a client tells a stranger nothing. The proofs cover both nonces and the client's request. What follows is
 * not protected: use a channel that nobody else can write to.
 */
export type PeerMessage =
  | { readonly kind: 'hello'; readonly nonce: Uint8Array; readonly hasToken: boolean }
  | { readonly kind: 'challenge'; readonly nonce: Uint8Array; readonly proof: Uint8Array }
  | { readonly kind: 'answer'; readonly proof: Uint8Array }
  /** Where the server says it is: references with this location need no other connection. */
  | { readonly kind: 'welcome'; readonly location: string };

/** The annotation's name. */
export const PEER_ANNOTATION = 'LTCH';
export const NONCE_BYTES = 32;

const VERSION = 1;
const PROOF_BYTES = 32;
const KINDS = { hello: 1, challenge: 2, answer: 3, welcome: 4 } as const;

export function encodePeerMessage(message: PeerMessage): Buffer {
  const head = Buffer.from([VERSION, KINDS[message.kind]]);
  switch (message.kind) {
    case 'hello':
      return Buffer.concat([head, message.nonce, Buffer.from([message.hasToken ? 1 : 0])]);
    case 'challenge':
      return Buffer.concat([head, message.nonce, message.proof]);
    case 'answer':
      return Buffer.concat([head, message.proof]);
    case 'welcome':
      return Buffer.concat([head, Buffer.from(message.location, 'utf8')]);
  }
}

/** Undefined for what is no message of this version: its sender is then taken for any other Pyro program. */
export function decodePeerMessage(bytes: Uint8Array | undefined): PeerMessage | undefined {
  if (bytes === undefined || bytes[0] !== VERSION) return undefined;
  const body = bytes.subarray(2);
  const first = body.subarray(0, NONCE_BYTES);
  switch (bytes[1]) {
    case KINDS.hello:
      if (body.length !== NONCE_BYTES + 1) return undefined;
      return { kind: 'hello', nonce: first, hasToken: body[NONCE_BYTES] === 1 };
    case KINDS.challenge:
      if (body.length !== NONCE_BYTES + PROOF_BYTES) return undefined;
      return { kind: 'challenge', nonce: first, proof: body.subarray(NONCE_BYTES) };
    case KINDS.answer:
      return body.length === PROOF_BYTES ? { kind: 'answer', proof: body } : undefined;
    case KINDS.welcome:
      return { kind: 'welcome', location: Buffer.from(body).toString('utf8') };
    default:
      return undefined;
  }
}

/** What both sides know of one handshake. */
export interface ProofGround {
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  /** The payload of the client's message. */
  readonly request: Uint8Array;
}

export function proofOf(side: 'client' | 'server', token: Secret, ground: ProofGround): Buffer {
  return createHmac('sha256', token.reveal())
    .update(`latchkey object wire ${VERSION} ${side}\0`)
    .update(ground.clientNonce)
    .update(ground.serverNonce)
    .update(ground.request)
    .digest();
}

/** Compares in constant time. */
export function isProof(
  side: 'client' | 'server',
  token: Secret,
  ground: ProofGround,
  proof: Uint8Array,
): boolean {
  const expected = proofOf(side, token, ground);
  return proof.length === expected.length && timingSafeEqual(expected, proof);
}
