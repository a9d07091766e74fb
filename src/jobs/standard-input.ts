import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkTrustedPlace, LatchkeyError } from '../kit/index.ts';
import type { RunningProgram, Transport } from '../ssh/index.ts';
import { FEED, WHOLE } from './input-scripts.ts';
import { runScript, type Workplace } from './workplace.ts';

/** What of an input is gathered here at most for a job that waits in a queue. */
const MAX_STAGED_BYTES = 4 * 2 ** 30;

/** An input as a file that only we can read. */
export interface GatheredInput {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Reads an input to its end into a private temporary file: a scheduler's job begins who knows when, and may be submitted twice.
 *
 * @throws LatchkeyError `jobs/staging` for one larger than 4 GiB, or without room for it; what the source throws
 */
export async function gatherInput(source: Readable, signal?: AbortSignal): Promise<GatheredInput> {
  await checkTrustedPlace(tmpdir());
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-input-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  const path = join(directory, 'stdin');
  let size = 0;
  async function* bounded(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const part of parts) {
      size += part.length;
      if (size > MAX_STAGED_BYTES) {
        throw new LatchkeyError('jobs/staging', 'the standard input is larger than 4 GiB', {
          hint: 'copy it with fileTransfer, and name the file as the description\'s "input"',
        });
      }
      yield part;
    }
  }
  try {
    const file = createWriteStream(path, { mode: 0o600, flags: 'wx' });
    await pipeline(source, bounded, file, signal === undefined ? {} : { signal });
    return { path, remove };
  } catch (cause) {
    await remove();
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    throw new LatchkeyError('jobs/staging', `there is no room for the standard input in ${tmpdir()}`, {
      cause,
      hint: 'set TMPDIR to a directory with room, or copy it with fileTransfer',
    });
  }
}

/** Copies a gathered input to where the launcher looks for it. @throws LatchkeyError `jobs/staging`, `ssh/lost` */
export async function stageInput(
  { transport }: Workplace,
  path: string,
  sandbox: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await transport.files.put(path, `${sandbox}/stdin`, { mode: 0o600, signal });
}

/**
 * Passes an input on to the program of a job that runs, as it comes and no faster than it is read there; ends with the input, when the program
 * reads no more, and when `over` says that it has ended. Input that is cut off ends the job over there.
 *
 * @throws LatchkeyError `ssh/lost` and others of the connection; what the source throws
 */
export async function feedInput(
  { transport }: Workplace,
  sandbox: string,
  source: Readable,
  over: AbortSignal,
): Promise<void> {
  const stopReading = () => void source.destroy();
  over.addEventListener('abort', stopReading, { once: true });
  if (over.aborted) stopReading();
  try {
    const parts = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    const first = await parts.next();
    if (over.aborted) return;
    if (first.done === true) await sayWhole(transport, sandbox, '', over);
    else await feedFrom(transport, sandbox, first.value, parts, over, stopReading);
  } catch (error) {
    if (!over.aborted) throw error;
  } finally {
    over.removeEventListener('abort', stopReading);
    stopReading();
  }
}

async function feedFrom(
  transport: Transport,
  sandbox: string,
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  over: AbortSignal,
  stopReading: () => void,
): Promise<void> {
  const feeder = await transport.start(['/bin/sh', '-c', FEED, 'latchkey', sandbox]);
  const stop = () => feeder.stop();
  over.addEventListener('abort', stop, { once: true });
  if (over.aborted) stop();
  feeder.stderr.resume();
  const answer = firstLine(feeder.stdout);
  let hasEnded = false;
  const { ended } = feeder;
  const onEnd = () => {
    hasEnded = true;
    stopReading();
  };
  ended.then(onEnd, onEnd);
  try {
    for (let part: Uint8Array | undefined = first; part !== undefined && !hasEnded; ) {
      if (!feeder.stdin.write(part)) await drained(feeder.stdin);
      part = await nextOf(rest).catch((error: unknown) => {
        // The program reads no more, and so do we.
        if (hasEnded) return undefined;
        throw error;
      });
    }
    await finish(transport, sandbox, feeder, answer, over);
  } catch (error) {
    // Without the word that it was whole, the guard ends the job.
    feeder.stop();
    throw error;
  } finally {
    over.removeEventListener('abort', stop);
  }
}

async function finish(
  transport: Transport,
  sandbox: string,
  feeder: RunningProgram,
  answer: Promise<string>,
  over: AbortSignal,
): Promise<void> {
  feeder.stdin.end();
  const [, pid] = /^read (\d+)$/.exec(await answer) ?? [];
  if (pid !== undefined) await sayWhole(transport, sandbox, pid, over);
  await feeder.ended;
}

async function sayWhole(
  transport: Transport,
  sandbox: string,
  pid: string,
  signal: AbortSignal,
): Promise<void> {
  await runScript(transport, WHOLE, [sandbox, pid], { signal });
}

async function nextOf(parts: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  const { done, value } = await parts.next();
  return done === true ? undefined : value;
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
    stream.once('error', () => resolve());
  });
}

/** Empty when there is none. */
async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let said = '';
  for await (const part of stream) {
    said += String(part);
    if (said.includes('\n') || said.length > 100) break;
  }
  return said.split('\n', 1)[0] ?? '';
}
