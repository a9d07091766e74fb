import { LatchkeyError } from '../kit/index.ts';
import { exceptionPayload } from './exception-payload.ts';
import { type Frame, NO_FLAGS } from './frame.ts';
import type { FrameStream } from './frame-stream.ts';
import { pythonException } from './remote-exception.ts';
import type { Serializer } from './serializer.ts';
import type { ServerCall } from './server-call.ts';
import type { ServerGround } from './server-ground.ts';
import { type ItemSource, isItemSource } from './stream-table.ts';
import type { PyroInput } from './value.ts';
import { encodePassed, type PassingGround } from './value-passing.ts';

const NO_ANNOTATIONS: ReadonlyMap<string, Uint8Array> = new Map();
const PONG = Buffer.from('pong');

export interface AnswerGround {
  readonly ground: ServerGround;
  readonly frames: FrameStream;
  readonly passing: PassingGround;
  /** The connection: its streams end with it. */
  readonly owner: object;
  /** After each answer. */
  onSent(): void;
}

/** The answers to the calls of one connection. A call that wants none gets none. */
export class ServerAnswers {
  readonly #ground: AnswerGround;

  constructor(ground: AnswerGround) {
    this.#ground = ground;
  }

  pong(frame: Frame): void {
    this.#send(frame, NO_FLAGS, PONG, NO_ANNOTATIONS, 'ping');
  }

  /** What a method returned: a value, or a stream of them. */
  value(frame: Frame, serializer: Serializer, call: ServerCall, value: unknown): void {
    if (frame.flags.oneway === true) return;
    if (isItemSource(value) && frame.flags.batch !== true)
      return void this.#stream(frame, serializer, call, value);
    try {
      const payload = encodePassed((value ?? null) as PyroInput, this.#ground.passing, serializer.encode);
      this.#send(frame, frame.flags.batch === true ? { batch: true } : NO_FLAGS, payload);
    } catch (error) {
      this.error(frame, serializer, error);
    }
  }

  /** What a method threw. */
  error(frame: Frame, serializer: Serializer, error: unknown): void {
    if (frame.flags.oneway === true) return;
    this.#send(frame, { exception: true }, exceptionPayload(error, serializer, frame.version));
  }

  #stream(frame: Frame, serializer: Serializer, call: ServerCall, source: ItemSource): void {
    const { ground, owner } = this.#ground;
    const abandon = () => call.abort(new LatchkeyError('pyro/cancelled', 'nobody reads the stream any more'));
    const id = ground.streams.open(owner, source, ground.now(), abandon);
    if (id === undefined) {
      const { maxStreamsPerConnection } = ground.limits;
      const busy = `this connection has ${maxStreamsPerConnection} streams open: read or close some first`;
      return void this.error(frame, serializer, pythonException('Pyro4.errors.PyroError', busy));
    }
    const body = pythonException('Pyro4.errors.ProtocolError', 'result of call is an iterator');
    const payload = exceptionPayload(body, serializer, frame.version);
    const annotations = new Map([['STRM', Buffer.from(id)]]);
    this.#send(frame, { exception: true, stream: true }, payload, annotations);
  }

  #send(
    frame: Frame,
    flags: Frame['flags'],
    payload: Uint8Array,
    annotations = NO_ANNOTATIONS,
    type: 'result' | 'ping' = 'result',
  ): void {
    const { version, sequence, serializerId, correlation } = frame;
    const answer = { version, type, flags, sequence, serializerId, annotations, payload };
    const { frames, ground, onSent } = this.#ground;
    frames.send(correlation === undefined ? answer : { ...answer, correlation });
    ground.vigil.expect();
    onSent();
  }
}
