import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Invocation } from './command.ts';

/** What a tunnel tells of itself; no secrets. */
export interface TunnelStatus {
  readonly name: string;
  readonly pid: number;
  readonly host: string;
  readonly state: string;
  /** Why it is not ready. */
  readonly cause?: string | undefined;
  readonly retryAt?: string | undefined;
  readonly reconnects: number;
  readonly since: string;
  readonly forwards: readonly {
    readonly forward: string;
    readonly state: string;
    readonly cause?: string | undefined;
    /** What to do about it. */
    readonly hint?: string | undefined;
  }[];
}

const MAX_BYTES = 1 << 20;
const ANSWER_MS = 5000;

/**
 * Where this user's tunnels can be asked: a directory of his alone, with a socket for each.
 *
 * @throws LatchkeyError `file/unsafe` when somebody else has made it, or may enter it
 */
export async function tunnelDirectory({ context }: Invocation): Promise<string> {
  const { env, uid } = context;
  const path = join(env.XDG_RUNTIME_DIR || tmpdir(), `latchkey-tunnels-${uid}`);
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST')
      throw new LatchkeyError('file/io', `cannot make ${quote(path)}: ${error.code}`, { cause: error });
  });
  const stats = await lstat(path);
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o077) !== 0) {
    throw new LatchkeyError('file/unsafe', `${quote(path)} is not a directory of yours alone`, {
      hint: 'somebody else may have made it: set XDG_RUNTIME_DIR to a directory of your own',
    });
  }
  return path;
}

/** Answers for a tunnel until it is closed; `onClose` when somebody asks it to end. */
export async function serveTunnel(
  directory: string,
  status: () => TunnelStatus,
  onClose: () => void,
): Promise<() => Promise<void>> {
  const path = socketOf(directory, status().name);
  const server = createServer((socket) => {
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('data', (asked) => {
      socket.end(`${JSON.stringify(status())}\n`);
      if (asked.toString('utf8').trim() === 'close') onClose();
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  await chmod(path, 0o600);
  return async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(path, { force: true });
  };
}

/** Asks a tunnel; `undefined` = it is gone, and what it left is removed. */
export async function askTunnel(
  directory: string,
  name: string,
  what: 'status' | 'close',
): Promise<TunnelStatus | undefined> {
  const path = socketOf(directory, name);
  return await new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => socket.end(`${what}\n`));
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('it does not answer')));
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (text.length > MAX_BYTES) socket.destroy(new Error('it says too much'));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT')
        rm(path, { force: true }).then(() => resolve(undefined), reject);
      else
        reject(
          new LatchkeyError('ssh/lost', `the tunnel ${quote(name)}: ${error.message}`, { cause: error }),
        );
    });
    socket.once('end', () => {
      try {
        resolve(JSON.parse(text) as TunnelStatus);
      } catch {
        resolve(undefined);
      }
    });
  });
}

/** Every tunnel of this user that answers. */
export async function listTunnels(directory: string): Promise<readonly TunnelStatus[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sock'));
  const asked = names.map((name) => askTunnel(directory, name.slice(0, -'.sock'.length), 'status'));
  return (await Promise.all(asked)).filter((status) => status !== undefined);
}

/** @throws LatchkeyError `cli/usage` */
export function checkTunnelName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/.test(name)) return name;
  throw new LatchkeyError('cli/usage', `${quote(name)} is no name for a tunnel`, {
    hint: 'letters, digits, dots, dashes and underscores, 40 at most',
  });
}

function socketOf(directory: string, name: string): string {
  return join(directory, `${checkTunnelName(name)}.sock`);
}
