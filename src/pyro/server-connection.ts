import type { Duplex } from 'node:stream';
import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { answerToUnread } from './exception-payload.ts';
import type { CallPeer } from './exposed.ts';
import type { Frame } from './frame.ts';
import { FrameStream } from './frame-stream.ts';
import { pythonException } from './remote-exception.ts';
import type { PyroVersion, Serializer } from './serializer.ts';
import { serializerOf } from './serializers.ts';
import { ServerAnswers } from './server-answers.ts';
import { performBatch } from './server-batch.ts';
import { isPromise, perform, ServerCall } from './server-call.ts';
import { DAEMON_OBJECT, type ServerGround } from './server-ground.ts';
import { refusal, ServerHandshake } from './server-handshake.ts';
import type { PyroValue } from './value.ts';
import { type PassingGround, revive } from './value-passing.ts';

/** Answers that the other side has not taken: more, and nothing is read of it until it has. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;
/** Messages that are read ahead of the one that is answered, and how long one may be so that more are read. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 1 << 20;
/** What somebody can send who is not in yet. */
const MAX_HANDSHAKE_BYTES = 1 << 20;
/** A message that comes slower than that is not waited for. */
const SLOWEST_BYTES_PER_MS = 64;
/** One-way calls of a Pyro client that run at the same time. */
const MAX_ONEWAY = 64;

interface RunningCall {
  readonly frame: Frame;
  readonly call: ServerCall;
  isAnswered: boolean;
}

/** One client: its handshake, then its calls, in one place because each decides when the next is read. Those of a native client are answered as they are ready, others one after the other. */
export class ServerConnection {
  readonly #ground: ServerGround;
  readonly #frames: FrameStream;
  readonly #onEnd: () => void;
  readonly #handshake: ServerHandshake;
  readonly #begun: number;
  #peer: CallPeer;
  readonly #closed = new AbortController();
  #phase: 'connecting' | 'open' | 'ended' = 'connecting';
  #isAuthorizing = false;
  #isDraining = false;
  #version: PyroVersion = 4;
  readonly #running = new Map<number, RunningCall>();
  #oneway = 0;
  readonly #waiting: Frame[] = [];
  #frameSince: number | undefined;
  readonly #passing: { version: PyroVersion } & PassingGround;
  readonly #answers: ServerAnswers;

  constructor(stream: Duplex, address: string, ground: ServerGround, onEnd: () => void) {
    this.#ground = ground;
    this.#onEnd = onEnd;
    this.#peer = { address, isNative: false, closed: this.#closed.signal };
    this.#handshake = new ServerHandshake(ground, this.#peer);
    this.#begun = ground.now();
    this.#passing = {
      version: 4,
      converters: ground.converters,
      refer: (exposed) => ground.refer(exposed, this),
    };
    this.#frames = new FrameStream(
      stream,
      {
        maxBytes: ground.limits.maxMessageBytes,
        maxIncomingBytes: ground.limits.maxRequestBytes,
        hmacKey: ground.hmacKey,
        strangerBytes: MAX_HANDSHAKE_BYTES,
      },
      { onFrame: (frame) => this.#onFrame(frame), onEnd: (error) => this.#onStreamEnd(error) },
    );
    this.#answers = new ServerAnswers({
      ground,
      frames: this.#frames,
      passing: this.#passing,
      owner: this,
      onSent: () => {
        if (this.#frames.backlog > MAX_BACKLOG_BYTES) this.#readOn();
      },
    });
  }

  /** Calls that are not answered yet. */
  get isBusy(): boolean {
    return this.#running.size > 0 || this.#oneway > 0 || this.#waiting.length > 0;
  }

  /** Bytes of its answers that it has not taken. */
  get untakenBytes(): number {
    return this.#frames.backlog;
  }

  /** Ends what takes too long: handshakes, messages that come too slowly, calls. */
  sweep(now: number): void {
    const { limits } = this.#ground;
    if (this.#phase === 'connecting' && now - this.#begun > limits.handshakeTimeoutMs)
      return void this.end(new LatchkeyError('pyro/timed-out', 'the handshake took too long'));
    const partial = this.#frames.partialBytes;
    if (partial === 0) this.#frameSince = undefined;
    else {
      this.#frameSince ??= now;
      if (now - this.#frameSince > limits.messageTimeoutMs + partial / SLOWEST_BYTES_PER_MS)
        return void this.end(new LatchkeyError('pyro/timed-out', 'a message began and did not end'));
    }
    for (const running of this.#running.values())
      if (now - running.call.startedAt > limits.callTimeoutMs) this.#giveUp(running);
  }

  /** Ends the connection; calls that run are told so by their signals. */
  end(reason: Error): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#closed.abort(reason);
    for (const { call } of this.#running.values()) call.abort(reason);
    this.#running.clear();
    this.#waiting.length = 0;
    this.#ground.streams.closeAll(this);
    this.#ground.objects.release(this, this.#ground.now());
    this.#frames.end();
    this.#onEnd();
  }

  #onStreamEnd(error: Error | undefined): void {
    // A message that cannot be read is told to its sender, as far as it can be.
    if (this.#phase === 'connecting' && isLatchkeyError(error))
      this.#frames.send(refusal(undefined, error, this.#version));
    else if (this.#phase === 'open' && isLatchkeyError(error, 'pyro/too-large')) {
      const answer = answerToUnread(error, this.#version);
      if (answer !== undefined) this.#frames.send(answer);
    }
    this.end(error ?? new LatchkeyError('pyro/lost', 'the client hung up'));
  }

  #onFrame(frame: Frame): void {
    this.#ground.vigil.came();
    this.#guarded(() => {
      if (this.#phase === 'open' && this.#waiting.length === 0 && this.#canStart(frame)) this.#start(frame);
      else if (this.#phase === 'connecting' && !this.#isAuthorizing) this.#begin(frame);
      else if (this.#phase !== 'ended') this.#wait(frame);
    });
  }

  /** What nobody has foreseen ends the connection it came over, and not the server with all the others. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.end(error as Error);
    }
  }

  #begin(frame: Frame): void {
    this.#connect(frame).catch((error: Error) => this.end(error));
  }

  #wait(frame: Frame): void {
    const ahead = this.#waiting.push(frame);
    const isEnough = ahead >= MAX_WAITING || frame.payload.length > MAX_WAITING_BYTES;
    if (isEnough || this.#phase === 'connecting') this.#frames.pause();
  }

  async #connect(frame: Frame): Promise<void> {
    this.#version = frame.version;
    this.#isAuthorizing = true;
    const { answer, outcome, isNative = false, object } = await this.#handshake.step(frame);
    this.#isAuthorizing = false;
    if (this.#phase !== 'connecting') return;
    this.#frames.send(answer);
    if (outcome === 'refused') return this.end(new LatchkeyError('pyro/refused', 'the client was refused'));
    if (outcome === 'open') {
      this.#phase = 'open';
      this.#frames.trust();
      this.#passing.version = frame.version;
      this.#peer = { ...this.#peer, isNative };
      if (object !== undefined) this.#ground.objects.hold(object, this);
    }
    this.#startWaiting();
  }

  #canStart(frame: Frame): boolean {
    if (!this.#peer.isNative)
      return frame.flags.oneway === true ? this.#oneway < MAX_ONEWAY : this.#running.size === 0;
    return this.#running.size + this.#oneway < this.#ground.limits.maxCallsPerConnection;
  }

  #startWaiting(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined) break;
      if (this.#phase === 'connecting') {
        if (this.#isAuthorizing) return;
        this.#waiting.shift();
        this.#begin(next);
        return;
      }
      if (!this.#canStart(next)) return;
      if (this.#frames.backlog > MAX_BACKLOG_BYTES) break;
      this.#waiting.shift();
      this.#start(next);
    }
    this.#readOn();
  }

  /** Reading goes on when the other side has taken what it was answered. */
  #readOn(): void {
    if (this.#isDraining) return;
    if (this.#frames.backlog <= MAX_BACKLOG_BYTES) return void this.#frames.resume();
    this.#isDraining = true;
    this.#frames.pause();
    this.#frames.onDrain(() => {
      this.#isDraining = false;
      this.#guarded(() => this.#startWaiting());
    });
  }

  #start(frame: Frame): void {
    if (frame.type === 'ping') return void this.#ping(frame);
    if (frame.type !== 'invoke')
      return void this.end(new LatchkeyError('pyro/malformed', `${frame.type} is no message of a client`));
    let serializer: Serializer;
    try {
      serializer = this.#serializerFor(frame);
    } catch (error) {
      this.#frames.send(refusal(frame, error));
      return void this.end(error as Error);
    }
    try {
      const request = serializer.decodeCall(frame.payload);
      const { object, method } = request;
      const call = new ServerCall(this.#peer, this, object, method, frame.annotations, this.#ground.now());
      const exposed = object === DAEMON_OBJECT ? this.#ground.daemon : this.#ground.objects.find(object);
      if (exposed === undefined) throw pythonException('Pyro4.errors.DaemonError', 'unknown object');
      const args = this.#revived(request.args) as readonly PyroValue[];
      const result =
        frame.flags.batch === true
          ? performBatch(exposed, args, call, {
              ...{ version: this.#version, maxBytes: this.#ground.limits.maxMessageBytes },
              isOver: () => this.#phase === 'ended',
            })
          : perform(exposed, args, this.#revived(request.kwargs) as typeof request.kwargs, call);
      if (isPromise(result)) this.#follow(frame, serializer, call, result);
      else this.#answers.value(frame, serializer, call, result);
    } catch (error) {
      this.#answers.error(frame, serializer, error);
    }
  }

  #serializerFor(frame: Frame): Serializer {
    const serializer = serializerOf(frame.version, frame.serializerId);
    if (this.#ground.serializers.has(serializer.name)) return serializer;
    throw new LatchkeyError(
      'pyro/serializer',
      `message used serializer that is not accepted: ${serializer.name}`,
    );
  }

  #revived(value: PyroValue): unknown {
    return this.#ground.converters.length === 0 ? value : revive(value, this.#ground.converters);
  }

  /** A call that is not done at once. */
  #follow(frame: Frame, serializer: Serializer, call: ServerCall, result: PromiseLike<unknown>): void {
    const running: RunningCall = { frame, call, isAnswered: false };
    const isOneway = frame.flags.oneway === true;
    if (isOneway) this.#oneway += 1;
    else this.#running.set(frame.sequence, running);
    const done = (answer: () => void): void => {
      if (isOneway) this.#oneway -= 1;
      else if (this.#running.get(frame.sequence) === running) this.#running.delete(frame.sequence);
      if (this.#phase === 'ended') return;
      if (!running.isAnswered) answer();
      this.#startWaiting();
    };
    result.then(
      (value) => this.#guarded(() => done(() => this.#answers.value(frame, serializer, call, value))),
      (error) => this.#guarded(() => done(() => this.#answers.error(frame, serializer, error))),
    );
  }

  #giveUp(running: RunningCall): void {
    if (running.isAnswered) return;
    running.isAnswered = true;
    const { callTimeoutMs } = this.#ground.limits;
    const text = `${running.call.method} took longer than the server allows, ${callTimeoutMs} ms`;
    running.call.abort(new LatchkeyError('pyro/timed-out', text));
    const serializer = serializerOf(running.frame.version, running.frame.serializerId);
    this.#answers.error(running.frame, serializer, pythonException('Pyro4.errors.TimeoutError', text));
  }

  /** A ping that wants no answer is how native clients give a call up. */
  #ping(frame: Frame): void {
    if (frame.flags.oneway !== true) return void this.#answers.pong(frame);
    const given = this.#running.get(frame.sequence);
    given?.call.abort(new LatchkeyError('pyro/cancelled', 'the client gave the call up'));
  }
}
