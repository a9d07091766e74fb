import { randomBytes } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory, writeTemporary } from './atomic-file.ts';
import { LatchkeyError } from './errors.ts';
import { runProgram } from './program.ts';
import { Secret } from './secret.ts';

/** Where a server key comes from: exactly one of the three. */
export type ServerKeySource =
  /** A file of ours (or root's) that nobody else can read. */
  | { readonly file: string }
  /** The name of a systemd credential (`LoadCredential=`, `LoadCredentialEncrypted=`), in `$CREDENTIALS_DIRECTORY`. */
  | { readonly systemdCredential: string }
  /** A program and its arguments; its standard output is the key. */
  | { readonly command: readonly [string, ...string[]] };

/** What surrounds {@link loadServerKey}. */
export interface ServerKeyOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Bytes of a server key. */
export const SERVER_KEY_BYTES = 32;

const MAX_BYTES = 4096;

/**
 * Loads a server key of 32 bytes: raw, as 64 hex digits, or in base64.
 *
 * @throws LatchkeyError `sealing/key` when there is none or it has another size, `file/unsafe` when others can
 * read the file, `program/failed`, `program/timed-out`
 */
export async function loadServerKey(
  source: ServerKeySource,
  options: ServerKeyOptions = {},
): Promise<Secret> {
  if ('command' in source) return decode(await runForKey(source.command, options), `"${source.command[0]}"`);
  if ('file' in source) return decode(await readKeyFile(source.file, true), `"${source.file}"`);
  const directory = (options.env ?? process.env).CREDENTIALS_DIRECTORY;
  const name = source.systemdCredential;
  if (directory === undefined || directory === '' || name !== basename(name)) {
    throw keyError(
      `there is no systemd credential "${name}"`,
      `add LoadCredentialEncrypted=${name}:PATH to the unit`,
    );
  }
  // systemd itself keeps this directory from others, in ways that modes do not always show.
  return decode(await readKeyFile(join(directory, name), false), `the systemd credential "${name}"`);
}

/**
 * Loads the key of a file, after making a random one when there is no such file (0400, durable; of several processes
 * that find none, one makes it and all load it).
 *
 * @throws LatchkeyError what {@link loadServerKey} throws; `file/io` when it cannot be written
 */
export async function loadOrMakeServerKey(file: string): Promise<Secret> {
  const hasOne = await open(file, 'r').then(
    (handle) => handle.close().then(() => true),
    (cause: NodeJS.ErrnoException) => cause.code !== 'ENOENT',
  );
  if (!hasOne) {
    const temporary = await writeTemporary(file, randomBytes(SERVER_KEY_BYTES), 0o400);
    try {
      await link(temporary, file);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new LatchkeyError('file/io', `cannot write the server key "${file}"`, { cause });
      }
    } finally {
      await unlink(temporary);
    }
    await syncDirectory(dirname(file));
  }
  return await loadServerKey({ file });
}

async function readKeyFile(path: string, isChecked: boolean): Promise<Buffer> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw keyError(`cannot read the server key: ${reason}`, 'make one with: openssl rand 32', cause);
  });
  try {
    const stats = await file.stat();
    if (isChecked && ((stats.mode & 0o077) !== 0 || (stats.uid !== 0 && stats.uid !== process.geteuid?.()))) {
      throw new LatchkeyError('file/unsafe', `the server key "${path}" can be read or changed by others`, {
        hint: `chmod 0400 ${path}`,
      });
    }
    const buffer = Buffer.alloc(MAX_BYTES);
    const { bytesRead } = await file.read(buffer, 0, MAX_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function runForKey(
  [program, ...args]: readonly [string, ...string[]],
  options: ServerKeyOptions,
): Promise<Buffer> {
  const result = await runProgram(program, args, {
    maxOutputBytes: MAX_BYTES,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (result.code !== 0) {
    throw keyError(`"${program}" ended with status ${result.code} and gave no server key`, 'run it by hand');
  }
  return result.stdout;
}

function decode(bytes: Buffer, where: string): Secret {
  try {
    if (bytes.length === SERVER_KEY_BYTES) return new Secret(bytes);
    const text = bytes.toString('latin1').trim();
    if (/^[0-9a-fA-F]{64}$/.test(text)) return new Secret(Buffer.from(text, 'hex'));
    if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return new Secret(Buffer.from(text, 'base64'));
  } finally {
    bytes.fill(0);
  }
  const what = `${where} is no server key: expected 32 bytes, 64 hex digits or 44 characters of base64`;
  throw keyError(what, 'make one with: openssl rand 32');
}

function keyError(message: string, hint: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('sealing/key', message, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
