import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { OtherVersion, shakeHands } from './client-handshake.ts';
import { type ConnectOptions, DEFAULT_CONNECT_TIMEOUT_MS } from './connect-options.ts';
import { dialSocket } from './dial.ts';
import { eventLoopVigil } from './event-loop-vigil.ts';
import { DEFAULT_MAX_FRAME_BYTES } from './frame.ts';
import { FrameStream } from './frame-stream.ts';
import { ObjectConnection } from './object-connection.ts';
import type { PyroVersion } from './serializer.ts';
import { serializerNamed } from './serializers.ts';
import { formatLocation, type ObjectUri } from './uri.ts';

/**
 * Dials, shakes hands and is then ready for calls. Which version the peer speaks is tried where it is not said.
 *
 * @throws LatchkeyError `pyro/unreachable`, `pyro/refused`, `pyro/wrong-peer`, `pyro/hmac`, `pyro/timed-out`, `pyro/cancelled`
 */
export async function openConnection(
  uri: ObjectUri,
  options: ConnectOptions,
  onEnd: () => void,
): Promise<ObjectConnection> {
  const where = formatLocation(uri.location);
  const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  const versions = versionsOf(options);
  try {
    for (const [index, version] of versions.entries()) {
      const isLast = index === versions.length - 1;
      const connection = await attempt(uri, version, options, signal, isLast, onEnd);
      if (connection !== undefined) return connection;
    }
  } catch (error) {
    if (signal.aborted && !isLatchkeyError(error, 'pyro/wrong-peer'))
      throw givenUp(where, timeoutMs, options.signal);
    throw error;
  }
  throw new LatchkeyError(
    'pyro/malformed',
    `${where} speaks another version of the protocol than ${versions.join(' or ')}`,
    {
      hint: 'leave the version to be detected',
    },
  );
}

function versionsOf({ version = 'detect', hmacKey }: ConnectOptions): readonly PyroVersion[] {
  if (hmacKey !== undefined) {
    if (version === 5) throw new TypeError('version 5 of the protocol has no HMAC key');
    return [4];
  }
  return version === 'detect' ? [4, 5] : [version];
}

/** Undefined when the peer speaks another version, or hangs up on this one and there is another to try. */
async function attempt(
  uri: ObjectUri,
  version: PyroVersion,
  options: ConnectOptions,
  signal: AbortSignal,
  isLast: boolean,
  onEnd: () => void,
): Promise<ObjectConnection | undefined> {
  const where = formatLocation(uri.location);
  const stream = await (options.dial ?? dialSocket)(uri.location, signal);
  const frames = new FrameStream(
    stream,
    { maxBytes: options.maxMessageBytes ?? DEFAULT_MAX_FRAME_BYTES, hmacKey: options.hmacKey },
    { onFrame: () => {}, onEnd: () => {} },
  );
  const abort = (): void => frames.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const serializer = serializerNamed(options.serializer ?? 'serpent');
    const handshaken = await shakeHands(frames, {
      version,
      serializer,
      object: uri.object,
      token: options.token,
      hasHmacKey: options.hmacKey !== undefined,
      handshake: options.handshake ?? 'hello',
      where,
    });
    const spoken =
      options.serializer === undefined && handshaken.isNative ? serializerNamed('msgpack') : serializer;
    return new ObjectConnection({
      frames,
      version,
      serializer: spoken,
      handshaken,
      where,
      vigil: eventLoopVigil(),
      passing: {
        version,
        converters: options.converters ?? [],
        refer: (exposed) => {
          if (options.publisher === undefined)
            throw new TypeError('an exposed object is passed, and there is no publisher to make it callable');
          return options.publisher.reference(exposed);
        },
      },
      onEnd,
    });
  } catch (error) {
    frames.destroy();
    const isOther = error instanceof OtherVersion || isLatchkeyError(error, 'pyro/lost');
    if (isOther && !isLast && !signal.aborted) return undefined;
    if (error instanceof OtherVersion) return undefined;
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function givenUp(where: string, timeoutMs: number, signal: AbortSignal | undefined): LatchkeyError {
  if (signal?.aborted === true)
    return new LatchkeyError('pyro/cancelled', `connecting to ${where} was given up`, {
      cause: signal.reason,
      details: { sent: false },
    });
  return new LatchkeyError('pyro/timed-out', `${where} did not finish the handshake within ${timeoutMs} ms`, {
    retryable: true,
    details: { sent: false },
    hint: 'is it a Pyro server that listens there, and is it running?',
  });
}
