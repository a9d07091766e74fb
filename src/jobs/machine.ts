import type { CommandResult } from '../ssh/index.ts';
import type { BatchCommand, BatchStatus, BatchSystem } from './batch-system.ts';
import { statusOfEnd } from './end-status.ts';
import { parseBegin, parseEnd } from './job-record.ts';
import { cancelScript, FIND, LIST, QUERY, SUBMIT, signalScript } from './machine-scripts.ts';
import { schedulerFailure } from './scheduler-failure.ts';

/**
 * No scheduler at all: a machine that starts jobs itself, each under a launcher in a session of its own that
 * survives us. Its states are files of the sandboxes below `root`, and ids are their names. Needs Linux with `setsid`.
 *
 * @param root absolute path
 * @param graceSeconds between TERM and KILL of what is cancelled
 */
export function machine(root: string, graceSeconds: number): BatchSystem {
  const command = (text: string, words: readonly string[]): BatchCommand => ({
    argv: ['/bin/sh', '-c', text, 'latchkey', ...words],
  });
  const below = (text: string) => (ids: readonly string[]) => command(text, [root, ...ids.filter(isTag)]);
  return {
    name: 'machine',
    unsupported: [
      ...['totalPhysicalMemory', 'totalGpuCount', 'processesPerHost', 'candidateHosts', 'queue', 'project'],
      ...['jobContact', 'arraySize', 'directives'],
    ],
    script: () => '',
    submit: (request) => command(SUBMIT, [request.directory, request.tag]),
    parseSubmit(result) {
      const id = /^started (\S+)$/m.exec(result.stdout.toString('utf8'))?.[1];
      if (result.exitCode !== 0 || id === undefined) throw schedulerFailure('setsid', result, NEVER);
      return id;
    },
    findByTag: (tag) => command(FIND, [root, tag]),
    parseFound: lines,
    query: below(QUERY),
    parseQuery: (result) => lines(result).flatMap((line) => statusOf(line) ?? []),
    cancel: below(cancelScript(graceSeconds)),
    suspend: below(signalScript('STOP')),
    resume: below(signalScript('CONT')),
    signal: (ids, signal) => below(signalScript(signal))(ids),
    list: () => command(LIST, [root]),
    parseList: lines,
  };
}

const NEVER = /$^/;
const WORDS = { running: 'Running', suspended: 'Suspended', pending: 'Pending' } as const;

/** Ids of others are no names of sandboxes, whatever they contain. */
function isTag(id: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(id);
}

function lines(result: CommandResult): readonly string[] {
  if (result.exitCode !== 0) throw schedulerFailure('sh', result, NEVER);
  return result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Of records that cannot be read nothing is known, and the other jobs do not suffer for it. */
function statusOf(line: string): BatchStatus | undefined {
  const [id = '', native = '', beginLine = '', endLine = ''] = line.split('|');
  const begin = parseBegin(beginLine);
  const facts = { id, native, startedAt: begin?.startedAt, hosts: begin && [begin.host] };
  if (Object.hasOwn(WORDS, native)) return { ...facts, state: WORDS[native as keyof typeof WORDS] };
  const end = parseEnd(endLine);
  if (end === undefined || (native !== 'ended' && native !== 'cancelled')) return undefined;
  return { ...facts, ...statusOfEnd(end, native === 'cancelled') };
}
