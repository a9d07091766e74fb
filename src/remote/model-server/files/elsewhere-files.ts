import { isLatchkeyError, LatchkeyError, quote } from '../../../kit/index.ts';
import type { RemoteStatus, Transport } from '../../../ssh/index.ts';
import { confinedParts } from './confined-path.ts';
import type { JobFiles } from './job-files.ts';
import { type FileFacts, MAX_CHUNK_BYTES } from './read-file.ts';

const MAX_ENTRIES = 1000;
const HASH_MS = 600_000;

/**
 * Files in a directory of another machine. No link is followed; a job that makes one in the moment between the look and the use can have its
 * own account's files read, which it could do itself.
 */
export function filesElsewhere(transport: Transport, root: string): JobFiles {
  const { files } = transport;
  const at = async (path: string): Promise<string> => {
    const parts = confinedParts(path);
    for (let depth = 1; depth < parts.length; depth += 1) {
      const status = await files.status([root, ...parts.slice(0, depth)].join('/'));
      if (status?.kind !== 'directory')
        throw new LatchkeyError('remote/file', `${quote(path)}: a part of it is no directory, or a link`);
    }
    return [root, ...parts].join('/');
  };
  const found = async (path: string): Promise<readonly [there: string, status: RemoteStatus]> => {
    const there = await at(path);
    const status = await files.status(there);
    if (status === undefined) throw new LatchkeyError('remote/file', `${quote(path)}: it is not there`);
    if (status.kind !== 'file' && status.kind !== 'directory')
      throw new LatchkeyError('remote/file', `${quote(path)} is no file, or a link`);
    return [there, status];
  };
  const told = <T>(path: string, act: () => Promise<T>): Promise<T> =>
    act().catch((cause: unknown) => {
      if (!isLatchkeyError(cause, 'ssh/file')) throw cause;
      throw new LatchkeyError('remote/file', `${quote(path)}: ${String(cause.details.reason ?? 'other')}`, {
        cause,
      });
    });
  return {
    facts: (path) => told(path, async () => factsOf((await found(path))[1])),
    list: (path) =>
      told(path, async () => {
        const [there] = await found(path);
        const names = [...(await files.list(there))].sort().slice(0, MAX_ENTRIES);
        const entries = await Promise.all(
          names.map(async (name) => [name, await files.status(`${there}/${name}`)] as const),
        );
        return entries.flatMap(([name, status]) =>
          status?.kind === 'file' || status?.kind === 'directory' ? [{ name, ...factsOf(status) }] : [],
        );
      }),
    hash: (path, signal) =>
      told(path, async () => {
        const [there] = await found(path);
        const { exitCode, stdout } = await transport.run(['sha256sum', '--', there], {
          timeoutMs: HASH_MS,
          signal,
        });
        const [digits = ''] = /^\\?([0-9a-f]{64})/.exec(stdout.toString('latin1'))?.slice(1) ?? [];
        if (exitCode === 0 && digits !== '') return digits;
        throw new LatchkeyError('remote/file', `${quote(path)}: that machine has no checksum of it`);
      }),
    read: (path, offset, length, tag) =>
      told(path, async () => {
        const [there, status] = await found(path);
        if (tag !== undefined && factsOf(status).tag !== tag)
          throw new LatchkeyError('remote/file', `${quote(path)} has changed while it was read`, {
            hint: 'fetch it again when nothing writes to it',
            retryable: true,
          });
        return files.read(there, { offset, maxBytes: Math.min(length, MAX_CHUNK_BYTES) });
      }),
    write: (path, bytes) => told(path, async () => files.write(await at(path), bytes, { mode: 0o600 })),
    take: (localFile, path, mode) => told(path, async () => files.put(localFile, await at(path), { mode })),
  };
}

function factsOf({ size, mode, kind, modifiedAt }: RemoteStatus): FileFacts {
  const time = modifiedAt.getTime();
  return { size, mode, isDirectory: kind === 'directory', modifiedAt: time, tag: `${size}-${time}` };
}
