import { randomBytes } from 'node:crypto';
import { isLatchkeyError, LatchkeyError, printable, type Secret } from '../kit/index.ts';
import type { ObjectMetadata } from './exposed.ts';
import type { Frame } from './frame.ts';
import type { FrameStream } from './frame-stream.ts';
import { textsOf } from './object-reference.ts';
import {
  decodePeerMessage,
  encodePeerMessage,
  isProof,
  NONCE_BYTES,
  PEER_ANNOTATION,
  proofOf,
} from './peer-proof.ts';
import type { PyroVersion, Serializer } from './serializer.ts';
import { serializerOf } from './serializers.ts';
import { isPyroDict, type PyroInput, type PyroValue } from './value.ts';

export interface ClientHandshakeOptions {
  readonly version: PyroVersion;
  readonly serializer: Serializer;
  readonly object: string;
  readonly token: Secret | undefined;
  /** Every message carries the proof of an HMAC key. */
  readonly hasHmacKey: boolean;
  readonly handshake: PyroInput;
  /** The server's address, for messages. */
  readonly where: string;
}

/** What both sides know after it. */
export interface Handshaken {
  readonly isNative: boolean;
  /** The location that the server says it has; only a native one does. */
  readonly location: string | undefined;
  readonly metadata: ObjectMetadata;
  readonly reply: PyroValue;
}

/** The peer speaks the other version of the protocol. */
export class OtherVersion extends Error {}

/**
 * Connects for an object over a new stream.
 *
 * @throws OtherVersion; LatchkeyError `pyro/refused`, `pyro/wrong-peer`, `pyro/hmac`, `pyro/lost`, `pyro/malformed`
 */
export async function shakeHands(frames: FrameStream, options: ClientHandshakeOptions): Promise<Handshaken> {
  const { version, serializer, token, where } = options;
  const request = serializer.encode({ handshake: options.handshake, object: options.object });
  const clientNonce = randomBytes(NONCE_BYTES);
  const connect = (peerMessage: Uint8Array): Frame => ({
    version,
    type: 'connect',
    flags: version === 4 ? { metadata: true } : {},
    sequence: 0,
    serializerId: serializer.idOf(version),
    annotations: new Map([[PEER_ANNOTATION, peerMessage]]),
    payload: request,
  });
  const hello = encodePeerMessage({ kind: 'hello', nonce: clientNonce, hasToken: token !== undefined });
  let answer = await exchange(frames, connect(hello), options);
  let peer = decodePeerMessage(answer.annotations.get(PEER_ANNOTATION));
  if (token !== undefined) {
    if (peer?.kind !== 'challenge') throw wrongPeer(where, 'does not ask for the token');
    const ground = { clientNonce, serverNonce: peer.nonce, request };
    if (!isProof('server', token, ground, peer.proof)) throw wrongPeer(where, 'does not know the token');
    const proof = proofOf('client', token, ground);
    answer = await exchange(frames, connect(encodePeerMessage({ kind: 'answer', proof })), options);
    peer = decodePeerMessage(answer.annotations.get(PEER_ANNOTATION));
  }
  const body = serializer.decode(answer.payload);
  const isNative = peer?.kind === 'welcome';
  const withMetadata = isPyroDict(body) && isPyroDict(body.meta) ? body.meta : undefined;
  // What the HMAC proves does not tell a question from an answer: who knows no key can send our message back. It asks for metadata and has none.
  if (options.hasHmacKey && withMetadata === undefined)
    throw wrongPeer(where, 'answers with our own message, not with one that it needs the key for');
  return {
    isNative,
    location: peer?.kind === 'welcome' ? peer.location : undefined,
    metadata: metadataOf(withMetadata ?? null),
    reply: withMetadata === undefined ? body : ((body as { handshake?: PyroValue }).handshake ?? null),
  };
}

/** What a dict of methods, one-way methods and attributes tells. */
export function metadataOf(value: PyroValue): ObjectMetadata {
  if (!isPyroDict(value)) return { methods: [], oneway: [], attributes: [] };
  return { methods: textsOf(value.methods), oneway: textsOf(value.oneway), attributes: textsOf(value.attrs) };
}

/** One message there and its answer. */
async function exchange(frames: FrameStream, frame: Frame, options: ClientHandshakeOptions): Promise<Frame> {
  const answer = await new Promise<Frame>((resolve, reject) => {
    frames.listen({
      onFrame: resolve,
      onEnd: (error) => reject(error instanceof LatchkeyError ? error : hungUp(options.where, error)),
    });
    frames.send(frame);
  });
  if (answer.version !== options.version) throw new OtherVersion();
  if (answer.type === 'connect-ok') {
    if (answer.serializerId !== frame.serializerId)
      throw new LatchkeyError(
        'pyro/malformed',
        `${options.where} answers with another serializer than it was asked with`,
      );
    return answer;
  }
  if (answer.type !== 'connect-fail')
    throw new LatchkeyError('pyro/malformed', `${options.where} answers connect with ${answer.type}`);
  throw refused(options, textOf(answer));
}

function textOf(answer: Frame): string {
  try {
    const value = serializerOf(answer.version, answer.serializerId).decode(answer.payload);
    return typeof value === 'string' ? printable(value).slice(0, 500) : 'without a reason';
  } catch (error) {
    return isLatchkeyError(error) ? `for a reason that cannot be read: ${error.message}` : 'without a reason';
  }
}

/** By what Pyro's own daemons say. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /unknown object/,
    "the daemon has no object of that name: it may have been restarted, or the URI is another one's",
  ],
  [
    /not the key of this server/,
    'it wants its key: of a model server, the file "key" in its directory (--key-file FILE, or MUPIF_HKEY)',
  ],
  [/hmac/, 'both sides need the same HMAC key (hkey)'],
  [/serializer/, 'choose a serializer that the daemon accepts (SERIALIZERS_ACCEPTED)'],
  [/no free workers/, 'the daemon has as many clients as it can serve'],
];

function refused(options: ClientHandshakeOptions, why: string): LatchkeyError {
  const hint = HINTS.find(([words]) => words.test(why))?.[1];
  return new LatchkeyError('pyro/refused', `${options.where} refuses "${options.object}": ${why}`, {
    details: { sent: false, why },
    retryable: /no free workers|its limit|closing/.test(why),
    ...(hint === undefined ? {} : { hint }),
  });
}

function wrongPeer(where: string, why: string): LatchkeyError {
  return new LatchkeyError(
    'pyro/wrong-peer',
    `what listens on ${where} ${why}: it is not the server that was expected`,
    {
      hint: 'the key may be that of another server, another program may have taken the port, or a tunnel leads elsewhere; ask the registry again',
      details: { sent: false },
    },
  );
}

function hungUp(where: string, cause: Error | undefined): LatchkeyError {
  return new LatchkeyError('pyro/lost', `${where} hung up during the handshake`, {
    cause,
    retryable: true,
    details: { sent: false },
  });
}
