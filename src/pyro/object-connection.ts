import { performance } from 'node:perf_hooks';
import { LatchkeyError } from '../kit/index.ts';
import { cancelled, lost, timedOut, tooMany } from './call-failure.ts';
import { CallTable, type WaitingCall } from './call-table.ts';
import type { Handshaken } from './client-handshake.ts';
import { type Frame, type FrameFlags, NO_FLAGS } from './frame.ts';
import type { FrameStream } from './frame-stream.ts';
import { type Invocation, StreamStart, streamCall, streamIdOf } from './invocation.ts';
import { remoteErrorOf } from './remote-exception.ts';
import type { PyroVersion, Serializer } from './serializer.ts';
import type { PyroInput } from './value.ts';
import { encodePassed, type PassingGround, revive } from './value-passing.ts';
import type { Vigil } from './vigil.ts';

interface PendingCall extends WaitingCall {
  readonly invocation: Invocation;
  resolve(value: unknown): void;
  reject(error: Error): void;
  stopListening: (() => void) | undefined;
}

const CANCEL: FrameFlags = { oneway: true };
const NO_ANNOTATIONS: ReadonlyMap<string, Uint8Array> = new Map();

export interface ConnectionGround {
  readonly frames: FrameStream;
  readonly version: PyroVersion;
  readonly serializer: Serializer;
  readonly handshaken: Handshaken;
  readonly passing: PassingGround;
  readonly where: string;
  readonly vigil: Vigil;
  /** Once, when it is over. */
  onEnd(): void;
}

/**
 * The calls of one connection. They are sent at once and answered by number: by a native server in any order, by a real Pyro daemon in theirs.
 * There is one timer, for the earliest deadline.
 */
export class ObjectConnection {
  readonly #ground: ConnectionGround;
  readonly #calls = new CallTable<PendingCall>();
  readonly #serializerId: number;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #isOpen = true;

  constructor(ground: ConnectionGround) {
    this.#ground = ground;
    this.#serializerId = ground.serializer.idOf(ground.version);
    ground.frames.listen({
      onFrame: (frame) => this.#onFrame(frame),
      onEnd: (error) => this.#lose(error),
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get version(): PyroVersion {
    return this.#ground.version;
  }

  get serializer(): Serializer {
    return this.#ground.serializer;
  }

  get handshaken(): Handshaken {
    return this.#ground.handshaken;
  }

  /** Sends a call and waits for its answer. */
  invoke(invocation: Invocation): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const payload = this.#encode(invocation);
      if (invocation.signal?.aborted === true) throw cancelled(invocation, false);
      if (this.#calls.isFull) throw tooMany(this.#ground.where);
      const deadline = performance.now() + invocation.timeoutMs;
      const pending: PendingCall = {
        invocation,
        resolve,
        reject,
        deadline,
        isAbandoned: false,
        stopListening: undefined,
      };
      const sequence = this.#calls.add(pending);
      if (invocation.signal !== undefined) this.#heed(invocation.signal, pending, sequence);
      try {
        this.#send(sequence, invocation.flags, payload);
      } catch (error) {
        this.#calls.take(sequence);
        this.#settled(pending);
        return void reject(error);
      }
      if (deadline < this.#timerAt) this.#arm(deadline);
      this.#ground.vigil.expect();
    });
  }

  /** Sends a call that gets no answer. */
  send(invocation: Invocation): void {
    this.#send(this.#calls.pass(), { ...invocation.flags, oneway: true }, this.#encode(invocation));
  }

  /** Ends it; calls that wait fail with `error`. */
  end(error: LatchkeyError): void {
    this.#over(() => error);
    this.#ground.frames.end();
  }

  #encode({ object, method, args, kwargs }: Invocation): Uint8Array {
    const { serializer, passing } = this.#ground;
    const call = {
      object,
      method,
      args: args as readonly PyroInput[],
      kwargs: kwargs as { [name: string]: PyroInput },
    };
    return encodePassed(call, passing, serializer.encodeCall);
  }

  #send(sequence: number, flags: FrameFlags, payload: Uint8Array): void {
    this.#ground.frames.send({
      version: this.#ground.version,
      type: 'invoke',
      flags,
      sequence,
      serializerId: this.#serializerId,
      annotations: NO_ANNOTATIONS,
      payload,
    });
  }

  #onFrame(frame: Frame): void {
    this.#ground.vigil.came();
    const pending = this.#calls.take(frame.sequence);
    if (frame.type !== 'result' || pending === undefined) {
      const why = frame.type === 'result' ? 'answers a call that nobody made' : `sends ${frame.type}`;
      this.#lose(new LatchkeyError('pyro/malformed', `${this.#ground.where} ${why}`));
      return void this.#ground.frames.destroy();
    }
    if (pending.isAbandoned) return void this.#dropAnswer(frame);
    if (pending.stopListening !== undefined) this.#settled(pending);
    try {
      this.#settle(pending, frame);
    } catch (error) {
      pending.reject(error as Error);
    }
  }

  #settle(pending: PendingCall, frame: Frame): void {
    const { serializer, passing } = this.#ground;
    const { method, wants } = pending.invocation;
    if (frame.flags.stream === true) {
      const id = streamIdOf(frame);
      if (wants === 'value') {
        this.#closeStream(id);
        throw new LatchkeyError('pyro/stream', `${method} gives a stream, not a value`, {
          hint: 'use iterate',
        });
      }
      return void pending.resolve(new StreamStart(id));
    }
    if (frame.serializerId !== this.#serializerId)
      throw new LatchkeyError(
        'pyro/malformed',
        `${this.#ground.where} answers with serializer ${frame.serializerId}`,
      );
    const value = serializer.decode(frame.payload);
    if (frame.flags.exception === true) return void pending.reject(remoteErrorOf(value));
    if (wants === 'stream')
      throw new LatchkeyError('pyro/stream', `${method} gives a value, not a stream`, { hint: 'use call' });
    pending.resolve(passing.converters.length === 0 ? value : revive(value, passing.converters));
  }

  /** Nobody waits for it any more; a stream that it began is ended. */
  #dropAnswer(frame: Frame): void {
    if (frame.flags.stream === true) this.#closeStream(streamIdOf(frame));
  }

  #closeStream(id: string): void {
    this.send(streamCall('close_stream', id, NO_FLAGS));
  }

  #heed(signal: AbortSignal, pending: PendingCall, sequence: number): void {
    const abort = (): void => {
      if (pending.isAbandoned) return;
      pending.isAbandoned = true;
      this.#settled(pending);
      this.#tellGivenUp(sequence);
      pending.reject(cancelled(pending.invocation, true));
    };
    signal.addEventListener('abort', abort, { once: true });
    pending.stopListening = () => signal.removeEventListener('abort', abort);
  }

  #settled(pending: PendingCall): void {
    pending.stopListening?.();
    pending.stopListening = undefined;
  }

  /** A native server tells the method. */
  #tellGivenUp(sequence: number): void {
    if (!this.#ground.handshaken.isNative || !this.#isOpen) return;
    this.#ground.frames.send({
      version: this.#ground.version,
      type: 'ping',
      flags: CANCEL,
      sequence,
      serializerId: this.#serializerId,
      annotations: NO_ANNOTATIONS,
      payload: new Uint8Array(0),
    });
  }

  #arm(deadline: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    const wait = Math.min(Math.max(deadline - performance.now(), 0) + 1, 0x7fffffff);
    this.#timer = setTimeout(() => this.#expire(), wait);
    this.#timer.unref();
  }

  /** A Pyro daemon answers in order: when a call hangs, those behind it do too, and only a new connection gets on. */
  #expire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const expired = this.#calls.expire(performance.now());
    for (const [sequence, pending] of expired) {
      this.#settled(pending);
      this.#tellGivenUp(sequence);
      pending.reject(timedOut(pending.invocation, this.#ground.where));
    }
    if (expired.length > 0 && !this.#ground.handshaken.isNative) {
      this.#lose(new Error('an earlier call was not answered in time'));
      return void this.#ground.frames.destroy();
    }
    const next = this.#calls.nextDeadline();
    if (next !== undefined) this.#arm(next);
  }

  #lose(cause: Error | undefined): void {
    this.#over(({ object, method }) => lost(this.#ground.where, `${object}.${method}`, cause));
  }

  #over(errorOf: (invocation: Invocation) => Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#ground.onEnd();
    for (const pending of this.#calls.clear()) {
      this.#settled(pending);
      pending.reject(errorOf(pending.invocation));
    }
  }
}
