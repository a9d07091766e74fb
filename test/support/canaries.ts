import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Secrets that a test has planted, or has seen being made, and looks for wherever they must not be. */
export interface Canaries {
  /** A new secret that can be recognised. */
  plant(what: string): string;
  /** A secret that somebody else has made: a token, a key. Shorter ones than 16 letters are not looked for. */
  register(what: string, value: string | Uint8Array): void;
  /** What is found in a text, raw or encoded (base64, base64url, hexadecimal, URL), by what it is; never the secret. */
  found(text: string): string[];
  /** As {@link found}, without some of them. */
  foundExcept(text: string, except: readonly string[]): string[];
  readonly size: number;
}

const SHORTEST = 16;

/** An empty collection. */
export function canaries(): Canaries {
  const forms = new Map<string, Set<string>>();
  const register = (what: string, value: string | Uint8Array): void => {
    const bytes = Buffer.from(value as string);
    if (bytes.length < SHORTEST) return;
    for (const form of formsOf(bytes)) {
      const names = forms.get(form) ?? new Set();
      names.add(what);
      forms.set(form, names);
    }
  };
  const found = (text: string): string[] => {
    const seen = new Set<string>();
    for (const [form, names] of forms) if (text.includes(form)) for (const name of names) seen.add(name);
    return [...seen].sort();
  };
  return {
    register,
    found,
    foundExcept: (text, except) => found(text).filter((what) => !except.includes(what)),
    plant: (what) => {
      const value = `canary-${randomBytes(16).toString('hex')}`;
      register(what, value);
      return value;
    },
    get size() {
      return forms.size;
    },
  };
}

function formsOf(bytes: Buffer): string[] {
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  const base64 = bytes.toString('base64');
  return [
    ...(isText ? [text, encodeURIComponent(text)] : []),
    // Within longer encoded text the last letters depend on what follows.
    base64.replace(/=+$/, '').slice(0, -1),
    bytes.toString('base64url').slice(0, -1),
    bytes.toString('hex'),
  ];
}

/** Every file below a directory that `mayHold` does not excuse, and what was found in its name and contents: empty = nothing. */
export function secretsBelow(
  directory: string,
  secrets: Canaries,
  mayHold: (path: string) => boolean,
): { readonly path: string; readonly found: readonly string[] }[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const path = join(directory, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const names = secrets.found(relative(directory, path));
    const target = stats?.isSymbolicLink() === true ? secrets.found(readlinkSync(path)) : [];
    const inside =
      stats?.isFile() === true && !mayHold(path) ? secrets.found(readFileSync(path).toString('latin1')) : [];
    const found = [...names, ...target, ...inside];
    return found.length === 0 ? [] : [{ path, found }];
  });
}

/** Command line and environment of a process and of all that it has started, as others on the machine can see them. */
export function processesSeen(root: number): { readonly pid: number; readonly text: string }[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProc(Number(name), 'stat');
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  return [...parents.keys()]
    .filter(isBelow)
    .map((pid) => ({ pid, text: `${readProc(pid, 'cmdline')}\n${readProc(pid, 'environ')}` }));
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}
