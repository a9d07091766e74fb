import { open } from 'node:fs/promises';
import { LatchkeyError, quote, runProgram, Secret } from '../kit/index.ts';
import { expandPath, type Home } from './expand-path.ts';

/** Where a secret comes from; everything but a literal one is looked up when the context is added. */
export type SecretInput =
  | string
  | Secret
  | (() => SecretValue | Promise<SecretValue>)
  /** The value of an environment variable. */
  | { readonly env: string }
  /** What a program prints, without its last line end. Words, no shell. */
  | { readonly command: readonly string[] }
  /** The contents of a file of the user's own, without its last line end. */
  | { readonly file: string };

type SecretValue = string | Secret | undefined;

const MAX_BYTES = 65_536;
const COMMAND_TIMEOUT_MS = 120_000;

/** True for what an attribute of secret form can be given. */
export function isSecretInput(value: unknown): value is SecretInput {
  if (typeof value === 'string' || typeof value === 'function' || value instanceof Secret) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { env, file, command } = value as Record<string, unknown>;
  if (Array.isArray(command)) return command.length > 0 && command.every((word) => typeof word === 'string');
  return typeof env === 'string' || typeof file === 'string';
}

/**
 * Looks a secret up. The result is the caller's own.
 *
 * @throws LatchkeyError `session/context-unusable` when there is none where it was said to be, `file/unsafe`, `file/io`,
 * `program/failed`, `program/timed-out`
 */
export async function resolveSecret(
  input: SecretInput,
  where: Home,
  signal?: AbortSignal,
): Promise<Secret | undefined> {
  if (typeof input === 'function') return ownSecret(await input());
  if (typeof input === 'string' || input instanceof Secret) return ownSecret(input);
  if ('env' in input) {
    const value = where.env[input.env];
    if (value) return new Secret(value);
    throw unusable(`the environment variable ${input.env} is not set`, `export ${input.env}=…`);
  }
  if ('file' in input) return await readSecretFile(expandPath(input.file, where));
  const [program = '', ...args] = input.command;
  const run = await runProgram(program, args, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    maxOutputBytes: MAX_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  if (run.code !== 0) {
    // What it wrote may be the secret: it is not repeated.
    throw unusable(`${quote(program)}, which was to give a secret, ended with ${run.code}`);
  }
  const secret = withoutLineEnd(run.stdout);
  run.stdout.fill(0);
  if (secret.isEmpty) throw unusable(`${quote(program)}, which was to give a secret, printed nothing`);
  return secret;
}

function ownSecret(value: SecretValue): Secret | undefined {
  if (value === undefined || value === '') return undefined;
  const secret = new Secret(typeof value === 'string' ? value : value.reveal());
  return secret.isEmpty ? undefined : secret;
}

async function readSecretFile(path: string): Promise<Secret> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('file/io', `cannot read the secret in ${quote(path)}: ${cause.code ?? ''}`, {
      cause,
    });
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new LatchkeyError('file/unsafe', `the secret in ${quote(path)} can be read by others`, {
        hint: `chmod 600 ${path}`,
      });
    }
    if (size > MAX_BYTES) throw new LatchkeyError('file/unsafe', `${quote(path)} is too long for a secret`);
    const secret = withoutLineEnd(await file.readFile());
    if (secret.isEmpty) throw unusable(`${quote(path)}, which was to hold a secret, is empty`);
    return secret;
  } finally {
    await file.close();
  }
}

function withoutLineEnd(bytes: Buffer): Secret {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end -= 1;
  if (bytes[end - 1] === 0x0d) end -= 1;
  return new Secret(bytes.subarray(0, end));
}

function unusable(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('session/context-unusable', message, hint === undefined ? {} : { hint });
}
