import { randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Which process stands behind a file in a shared directory, so that others can tell whether it still runs. */
export interface StoreProcess {
  /** Never used twice: names one opening of a directory. */
  readonly nonce: string;
  readonly pid: number;
  /** Start time in clock ticks since boot, from /proc; tells a process from a later one with its number. */
  readonly started: string;
  readonly host: string;
  readonly boot: string;
  /** Process numbers mean something within this namespace only. */
  readonly namespace: string;
}

/** Describes this process, with a new nonce. */
export async function describeThisProcess(): Promise<StoreProcess> {
  const [status, boot, namespace] = await Promise.all([
    readStatus(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return {
    nonce: randomBytes(8).toString('hex'),
    pid: process.pid,
    started: status?.started ?? '',
    host: hostname(),
    boot: boot.trim(),
    namespace,
  };
}

/** Parses what {@link describeThisProcess} gave, after JSON; `undefined` for anything else. */
export function parseStoreProcess(text: string): StoreProcess | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { nonce, pid, started, host, boot, namespace } = value as Record<string, unknown>;
    const texts = [nonce, started, host, boot, namespace];
    if (!texts.every((part) => typeof part === 'string') || !Number.isInteger(pid)) return undefined;
    return value as StoreProcess;
  } catch {
    return undefined;
  }
}

/** `unknown` for a process of another machine or container: only time tells. */
export async function processState(
  other: StoreProcess,
  self: StoreProcess,
): Promise<'running' | 'ended' | 'unknown'> {
  if (other.nonce === self.nonce) return 'running';
  if (other.boot !== self.boot) return other.host === self.host ? 'ended' : 'unknown';
  if (other.namespace !== self.namespace) return 'unknown';
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'ended';
  }
  const status = await readStatus(other.pid);
  // Without /proc, signal 0 is all there is to know.
  if (status === undefined) return other.started === '' ? 'running' : 'ended';
  if (status.state === 'Z' || status.state === 'X') return 'ended';
  return status.started === other.started ? 'running' : 'ended';
}

async function readStatus(pid: number): Promise<{ state: string; started: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the program's name in parentheses, with anything in it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields?.[0], fields?.[19]];
  return state === undefined || started === undefined ? undefined : { state, started };
}
