import { lstat, readFile, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LatchkeyError, quote, writeFileAtomic } from '../kit/index.ts';

/** Where everything of one installation is, below its state directory. */
export interface StatePaths {
  readonly directory: string;
  /** `ca.pem`, `ca.key`, `revoked.txt`; 0700. */
  readonly authority: string;
  readonly hostCertificate: string;
  readonly hostKey: string;
  /** The server's storage directory; 0700. */
  readonly store: string;
  /** The trust directory; everybody may read it. */
  readonly trust: string;
  /** A folder for each user with `usercert.pem` and `userkey.pem`; 0700. */
  readonly users: string;
  /** The key that tokens are signed with; 0700. */
  readonly tokenKey: string;
  readonly settings: string;
  readonly audit: string;
  /** Who is serving this state at the moment, and where. */
  readonly running: string;
}

/** The names below a state directory. */
export function statePaths(directory: string): StatePaths {
  const path = resolve(directory);
  return {
    directory: path,
    authority: join(path, 'ca'),
    hostCertificate: join(path, 'host', 'hostcert.pem'),
    hostKey: join(path, 'host', 'hostkey.pem'),
    store: join(path, 'store'),
    trust: join(path, 'trust'),
    users: join(path, 'users'),
    tokenKey: join(path, 'token-key'),
    settings: join(path, 'latchkey.toml'),
    audit: join(path, 'audit.log'),
    running: join(path, 'running.json'),
  };
}

/** How {@link findState} looks for a state directory. */
export interface FindStateOptions {
  /** `--state`; must be there. */
  readonly directory?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
}

/** The directory a first start makes: the one given, else `LATCHKEY_STATE`, else `.latchkey` in `cwd`. */
export function stateDirectoryToMake(options: Omit<FindStateOptions, 'uid'>): string {
  return resolve(options.cwd, options.directory ?? options.env.LATCHKEY_STATE ?? '.latchkey');
}

/**
 * The state directory in use here, if there is one. `.latchkey` in the current directory counts only if it belongs to the
 * user: whoever may write in a shared directory must not choose whom others trust.
 *
 * @throws LatchkeyError `config/missing` when one was named that is not there; `file/unsafe` when it is somebody else's
 */
export async function findState(options: FindStateOptions): Promise<StatePaths | undefined> {
  const named = options.directory ?? options.env.LATCHKEY_STATE;
  const path = stateDirectoryToMake(options);
  const found = await lstat(join(path, 'ca')).catch(() => undefined);
  if (found === undefined) {
    if (named === undefined) return undefined;
    throw new LatchkeyError('config/missing', `${quote(path)} is no state directory of Latchkey`, {
      hint: `latchkey serve --state ${named} makes one`,
    });
  }
  // What is not followed: somebody's directory with a link to something of the user's in it is still somebody's.
  const isOurs = found.isDirectory() && found.uid === options.uid;
  if (isOurs && (named !== undefined || (await isPrivate(path, options.uid)))) return statePaths(path);
  if (named === undefined) return undefined;
  throw new LatchkeyError('file/unsafe', `the state directory ${quote(path)} belongs to another user`, {
    hint: 'run as its owner, or use the server with -s HOST --trust DIR',
  });
}

/** Made by this user (the name too, if it is a link), and nobody else can put anything in. */
async function isPrivate(path: string, uid: number): Promise<boolean> {
  const [name, directory] = await Promise.all([lstat(path), stat(path)]);
  return name.uid === uid && directory.uid === uid && (directory.mode & 0o022) === 0;
}

/** The server that serves a state at the moment. */
export interface RunningRecord {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
}

/** Who is serving this state; undefined when nobody is, or who did has ended without a word. */
export async function readRunning(paths: StatePaths): Promise<RunningRecord | undefined> {
  let record: unknown;
  try {
    record = JSON.parse(await readFile(paths.running, 'utf8'));
  } catch {
    return undefined;
  }
  if (!isRunningRecord(record) || !isAlive(record.pid)) return undefined;
  return record;
}

export async function writeRunning(paths: StatePaths, record: RunningRecord): Promise<void> {
  await writeFileAtomic(paths.running, `${JSON.stringify(record)}\n`);
}

export async function removeRunning(paths: StatePaths): Promise<void> {
  await unlink(paths.running).catch(() => {});
}

function isRunningRecord(value: unknown): value is RunningRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    Number.isInteger(value.pid) &&
    'port' in value &&
    Number.isInteger(value.port) &&
    'host' in value &&
    typeof value.host === 'string'
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
