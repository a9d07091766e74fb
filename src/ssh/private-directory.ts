import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError, makePrivateDirectory } from '../kit/index.ts';

/** A socket's path has at most 107 bytes, and ssh first makes it with 17 more behind its name. */
const LONGEST_DIRECTORY = 107 - 17 - '/c0000'.length;

/** A new directory that only we can enter (0700), with a path short enough for sockets in it. */
export async function privateDirectory(): Promise<string> {
  const places = [process.env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'];
  let cause: unknown;
  for (const place of places) {
    if (place === undefined || !place.startsWith('/')) continue;
    if (Buffer.byteLength(join(place, 'latchkey-XXXXXX')) > LONGEST_DIRECTORY) continue;
    try {
      return await makePrivateDirectory(place);
    } catch (error) {
      cause = error;
    }
  }
  throw new LatchkeyError('file/io', 'no private directory can be made for the sockets of ssh', {
    hint: isLatchkeyError(cause, 'file/unsafe')
      ? cause.message
      : 'is the directory for temporary files writable?',
    cause,
  });
}

export async function removePrivateDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
