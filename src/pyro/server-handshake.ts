import { randomBytes } from 'node:crypto';
import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { metadataValue } from './daemon-object.ts';
import type { CallPeer, Exposed } from './exposed.ts';
import type { Frame } from './frame.ts';
import {
  decodePeerMessage,
  encodePeerMessage,
  isProof,
  NONCE_BYTES,
  PEER_ANNOTATION,
  proofOf,
} from './peer-proof.ts';
import type { Serializer } from './serializer.ts';
import { serializerOf, serializers } from './serializers.ts';
import { DAEMON_OBJECT, type ServerGround } from './server-ground.ts';
import { isPyroDict, type PyroInput } from './value.ts';

/** What comes of a client's message: an answer, and whether the client is in, out, or has to prove itself first. */
export interface HandshakeStep {
  readonly answer: Frame;
  readonly outcome: 'open' | 'refused' | 'challenged';
  /** The object it connected for. */
  readonly object?: string;
  readonly isNative?: boolean;
}

/** The server's side of one client's handshake: {@link step} for each `connect` until it is in or out. */
export class ServerHandshake {
  readonly #ground: ServerGround;
  readonly #peer: CallPeer;
  #challenge: { clientNonce: Uint8Array; serverNonce: Uint8Array; request: Uint8Array } | undefined;

  constructor(ground: ServerGround, peer: CallPeer) {
    this.#ground = ground;
    this.#peer = peer;
  }

  async step(frame: Frame): Promise<HandshakeStep> {
    try {
      return await this.#step(frame);
    } catch (error) {
      return { answer: refusal(frame, error), outcome: 'refused' };
    }
  }

  /** The token is asked for before anything that the client sent is read. */
  async #step(frame: Frame): Promise<HandshakeStep> {
    if (frame.type !== 'connect')
      throw new LatchkeyError('pyro/malformed', `a connection begins with connect, not with ${frame.type}`);
    if (this.#ground.isClosing) throw new LatchkeyError('pyro/closed', 'the server is closing');
    const serializer = serializerOf(frame.version, frame.serializerId);
    if (!this.#ground.serializers.has(serializer.name))
      throw new LatchkeyError(
        'pyro/serializer',
        `message used serializer that is not accepted: ${serializer.name}`,
      );
    const message = decodePeerMessage(frame.annotations.get(PEER_ANNOTATION));
    const { token, authorize } = this.#ground;
    if (token === undefined)
      return await this.#admit(frame, serializer, message !== undefined, authorize !== undefined);
    if (message?.kind === 'hello' && message.hasToken && this.#challenge === undefined) {
      const ground = {
        clientNonce: Buffer.from(message.nonce),
        serverNonce: randomBytes(NONCE_BYTES),
        request: Buffer.from(frame.payload),
      };
      this.#challenge = ground;
      const proof = proofOf('server', token, ground);
      const challenge = encodePeerMessage({ kind: 'challenge', nonce: ground.serverNonce, proof });
      return {
        answer: answerTo(frame, 'connect-ok', serializer.encode('challenge'), challenge),
        outcome: 'challenged',
      };
    }
    if (message?.kind === 'answer' && this.#challenge !== undefined) {
      const isSame = Buffer.compare(this.#challenge.request, frame.payload) === 0;
      if (!isProof('client', token, this.#challenge, message.proof) || !isSame) throw notAdmitted();
      return await this.#admit(frame, serializer, true, false);
    }
    if (authorize === undefined) throw notAdmitted();
    return await this.#admit(frame, serializer, false, true);
  }

  async #admit(
    frame: Frame,
    serializer: Serializer,
    isNative: boolean,
    isAsked: boolean,
  ): Promise<HandshakeStep> {
    const request = serializer.decode(frame.payload);
    if (!isPyroDict(request))
      throw new LatchkeyError('pyro/malformed', 'a connect message holds a dict with handshake and object');
    const given = isAsked ? await this.#ground.authorize?.(request.handshake ?? null, this.#peer) : undefined;
    const handshake = (given ?? 'hello') as PyroInput;
    const wantsMetadata = frame.version === 5 || frame.flags.metadata === true;
    const object = typeof request.object === 'string' ? request.object : undefined;
    const exposed = object === undefined ? undefined : this.#find(object);
    if (wantsMetadata && exposed === undefined) throw new Error('unknown object');
    const reply = exposed && wantsMetadata ? { handshake, meta: metadataValue(exposed.metadata) } : handshake;
    const welcome = isNative
      ? encodePeerMessage({ kind: 'welcome', location: this.#ground.location })
      : undefined;
    const answer = answerTo(frame, 'connect-ok', serializer.encode(reply), welcome);
    return {
      answer: wantsMetadata && frame.version === 4 ? { ...answer, flags: { metadata: true } } : answer,
      outcome: 'open',
      isNative,
      ...(object === undefined ? {} : { object }),
    };
  }

  #find(object: string): Exposed | undefined {
    return object === DAEMON_OBJECT ? this.#ground.daemon : this.#ground.objects.find(object);
  }
}

/** Tells a client, in its own serializer or else in serpent, why it is refused. */
export function refusal(frame: Frame | undefined, error: unknown, version: 4 | 5 = 4): Frame {
  const spoken = frame?.version ?? version;
  let serializer: Serializer = serializers.serpent;
  try {
    if (frame !== undefined) serializer = serializerOf(spoken, frame.serializerId);
  } catch {
    // Pickle, or a number that means nothing.
  }
  const hint = isLatchkeyError(error) && error.hint !== undefined ? ` (${error.hint})` : '';
  const text = `${error instanceof Error ? error.message : String(error)}${hint}`;
  return {
    version: spoken,
    type: 'connect-fail',
    flags: {},
    sequence: frame?.sequence ?? 0,
    serializerId: serializer.idOf(spoken),
    annotations: new Map(),
    payload: serializer.encode(text),
  };
}

function answerTo(
  frame: Frame,
  type: 'connect-ok',
  payload: Uint8Array,
  peerMessage: Uint8Array | undefined,
): Frame {
  return {
    version: frame.version,
    type,
    flags: {},
    sequence: frame.sequence,
    serializerId: frame.serializerId,
    annotations: new Map(peerMessage === undefined ? [] : [[PEER_ANNOTATION, peerMessage]]),
    payload,
    ...(frame.correlation === undefined ? {} : { correlation: frame.correlation }),
  };
}

function notAdmitted(): LatchkeyError {
  return new LatchkeyError('pyro/refused', 'this server admits only clients that know its token', {
    hint: 'give the token of the job that this server belongs to; it may be another job that listens here',
  });
}
