import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LatchkeyError, quote } from '../kit/index.ts';

/** Whose home and environment a path is read with. */
export interface Home {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/**
 * The absolute path that a user means: `~`, `$HOME`, `${NAME}` and `file:` URLs are expanded; a relative one is relative to the working
 * directory. No globs, no commands.
 *
 * @throws LatchkeyError `session/context-invalid` for a variable that is not set, `~user`, or a URL of another machine
 */
export function expandPath(path: string | URL, { env, home }: Home): string {
  const text = String(path);
  if (/^file:/i.test(text)) return fromUrl(text);
  if (/^~[^/]/.test(text)) {
    throw invalid(`${quote(text)} names the home of another user`, 'write the path out');
  }
  const plain = text.replace(/^~(?=\/|$)/, () => home);
  const expanded = plain.replace(
    /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g,
    (_whole, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      const value = name === 'HOME' ? home : env[name];
      if (value) return value;
      throw invalid(`${quote(text)} needs the environment variable ${name}, which is not set`);
    },
  );
  if (expanded.includes('\0')) throw invalid('a path with a zero byte');
  return resolve(expanded);
}

function fromUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new LatchkeyError('session/context-invalid', `${quote(text)} is no file of this machine`, {
      cause,
    });
  }
}

function invalid(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('session/context-invalid', message, hint === undefined ? {} : { hint });
}
