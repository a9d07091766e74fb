import type { PyroInput } from '../../../pyro/index.ts';
import type { Caller } from '../caller.ts';
import type { ManagedJob } from '../managed-job.ts';
import type { Arguments } from '../service/arguments.ts';
import type { Method } from '../service/exposed-method.ts';
import { bytesOf } from './bytes-of.ts';
import { pyroFileOf } from './pyro-file.ts';
import { type FileFacts, MAX_CHUNK_BYTES } from './read-file.ts';
import type { Uploads } from './uploads.ts';

/** The methods about files: the old ones under their names, and those that know checksums, pieces and what is missing. */
export function fileMethods(
  uploads: Uploads,
  touched: (given: Arguments, caller: Caller) => ManagedJob,
): Readonly<Record<string, readonly [names: readonly string[], method: Method]>> {
  const filesOf = (given: Arguments, caller: Caller) => touched(given, caller).files;
  const begin = (given: Arguments, caller: Caller) => {
    const job = touched(given, caller);
    return uploads.begin(
      {
        ...{ job: job.id, root: job.workDirectory, path: given.text('path') },
        ...{ size: given.count('size', 0), sha256: given.text('sha256'), mode: given.count('mode', 0o600) },
        deliver: job.files.take,
      },
      Date.now(),
    );
  };
  return {
    statFile: [
      ['jobID', 'path', 'key'],
      async (given, caller) => factsValue(await filesOf(given, caller).facts(given.text('path'))),
    ],
    listFiles: [
      ['jobID', 'path', 'key'],
      async (given, caller) =>
        (await filesOf(given, caller).list(given.optionalText('path') ?? '.')).map(({ name, ...facts }) => ({
          name,
          ...factsValue(facts),
        })),
    ],
    hashFile: [
      ['jobID', 'path', 'key'],
      (given, caller, { signal }) => filesOf(given, caller).hash(given.text('path'), signal),
    ],
    readFile: [
      ['jobID', 'path', 'offset', 'length', 'tag', 'key'],
      (given, caller) =>
        filesOf(given, caller).read(
          given.text('path'),
          given.count('offset', 0),
          given.count('length', MAX_CHUNK_BYTES),
          given.optionalText('tag'),
        ),
    ],
    beginFile: [
      ['jobID', 'path', 'size', 'sha256', 'mode', 'key'],
      async (given, caller) => {
        const { upload, chunkBytes, missing } = await begin(given, caller);
        return { upload, chunkBytes, missing: [...missing] };
      },
    ],
    writeFile: [
      ['jobID', 'upload', 'chunk', 'bytes', 'key'],
      async (given, caller) => {
        const job = touched(given, caller);
        await uploads.put(
          ownUpload(job, given.text('upload')),
          given.count('chunk', 0),
          bytesOf(given.value('bytes')),
          Date.now(),
        );
      },
    ],
    finishFile: [
      ['jobID', 'upload', 'key'],
      async (given, caller) => {
        await uploads.finish(ownUpload(touched(given, caller), given.text('upload')));
      },
    ],
    getPyroFile: [
      ['jobID', 'filename', 'mode', 'buffSize', 'key'],
      (given, caller) =>
        pyroFileOf(touched(given, caller), {
          path: given.text('filename'),
          mode: given.optionalText('mode') ?? 'rb',
          bufferBytes: given.count('buffSize', 1 << 20, 1),
          closed: caller.closed,
        }),
    ],
    uploadFile: [
      ['jobID', 'filename', 'file', 'key'],
      async (given, caller) => {
        await filesOf(given, caller).write(given.text('filename'), bytesOf(given.value('file')));
      },
    ],
  };
}

function ownUpload(job: ManagedJob, upload: string): string {
  if (upload.startsWith(`${job.id}/`)) return upload;
  throw new TypeError('this upload is not of that job');
}

function factsValue({ size, mode, isDirectory, modifiedAt, tag }: FileFacts): {
  readonly [key: string]: PyroInput;
} {
  return { size, mode, isDirectory, modifiedAt, tag };
}
