import { LatchkeyError } from '../kit/index.ts';
import type { SandboxRecord } from './job-facts.ts';
import { parseBegin, parseEnd } from './job-record.ts';
import { CANCEL, DESCRIPTION, FIND, RECORDS } from './sandbox-scripts.ts';
import { commandOptions, runScript, type Workplace } from './workplace.ts';

/** Records of the tasks of a job by their index; 0 is a job that is no array, or what is said of an array as a whole. */
export type TaskRecords = ReadonlyMap<number, SandboxRecord>;

/** What is on record of many sandboxes, by tag, in one round trip. */
export async function readRecords(
  { transport, root }: Workplace,
  tags: readonly string[],
): Promise<ReadonlyMap<string, TaskRecords>> {
  return parseRecords(await runScript(transport, RECORDS, [root, ...tags]));
}

function parseRecords(said: string): ReadonlyMap<string, TaskRecords> {
  const all = new Map<string, Map<number, SandboxRecord>>();
  for (const line of said.split('\n')) {
    const [tag = '', file = '', text = ''] = line.split('|');
    const [, name, task] = /^(begin|end|cancelled|memory)(?:\.(\d+))?$/.exec(file) ?? [];
    if (name === undefined) continue;
    const tasks = all.get(tag) ?? new Map<number, SandboxRecord>();
    all.set(tag, tasks);
    const index = Number(task ?? 0);
    const known = tasks.get(index) ?? { isCancelled: false };
    if (name === 'begin') tasks.set(index, { ...known, begin: parseBegin(text) });
    else if (name === 'end') tasks.set(index, { ...known, end: parseEnd(text) });
    else if (name === 'memory') tasks.set(index, { ...known, isOutOfMemory: true });
    else tasks.set(0, { ...known, isCancelled: true });
  }
  return all;
}

/**
 * Cancels jobs, and marks those that have sandboxes, so that their ends are known to be ours.
 *
 * @throws LatchkeyError `jobs/scheduler` when it was refused
 */
export async function cancelThere(
  place: Workplace,
  ids: readonly string[],
  tags: readonly string[],
): Promise<void> {
  const { system, transport, root } = place;
  const command = system.cancel(ids);
  const words = [root, ...tags, '--', ...command.argv];
  const result = await transport.script(CANCEL, words, commandOptions(command));
  if (system.parseControl !== undefined) system.parseControl(result);
  else if (result.exitCode !== 0) {
    throw new LatchkeyError(
      'jobs/scheduler',
      `cancel failed: ${result.stderr.toString('utf8').trim().slice(-300)}`,
    );
  }
}

/** The sandbox of a job by the scheduler's id, if it has one there. */
export async function findSandbox(place: Workplace, id: string): Promise<string | undefined> {
  const { system, transport, root } = place;
  if (system.name === 'machine') return /^[a-z0-9-]{1,40}$/.test(id) ? id : undefined;
  const said = await runScript(transport, FIND, [root, id]);
  for (const part of said.split(/^=/m).slice(1)) {
    const end = part.indexOf('\n');
    try {
      const stdout = Buffer.from(part.slice(end + 1));
      if (system.parseSubmit({ exitCode: 0, stdout, stderr: Buffer.alloc(0) }) === id)
        return part.slice(0, end);
    } catch {
      // The number is in it, and yet it is no answer.
    }
  }
  return undefined;
}

/** The description that a sandbox keeps; empty when there is none. */
export function readKept({ transport, root }: Workplace, tag: string): Promise<string> {
  return runScript(transport, DESCRIPTION, [`${root}/${tag}`]);
}
