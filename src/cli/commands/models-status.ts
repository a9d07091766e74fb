import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../kit/index.ts';
import type { PyroDict, PyroValue, RemoteObject } from '../../pyro/index.ts';
import type { Command } from './command.ts';
import { tableLines } from './facts.ts';
import { formatSpan } from './lifetime.ts';
import { withModels } from './models-place.ts';

/** `latchkey models status [--watch]` */
export const modelsStatus: Command = (invocation) =>
  withModels(invocation, async (server) => {
    const { given, context } = invocation;
    if (given.flag('watch') && !invocation.json) await watch(server, (text) => context.out(text));
    const status = await statusOf(server);
    return { json: status, lines: statusLines(status) };
  });

/** Any number of jobs fits any terminal: it is text, and scrolls. */
async function watch(server: RemoteObject, out: (text: string) => void): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  while (!ended.signal.aborted) {
    const lines = statusLines(await statusOf(server)).map(printable);
    out(`${process.stdout.isTTY === true ? '\u001b[H\u001b[2J' : ''}${lines.join('\n')}\n`);
    await delay(1000, undefined, { signal: ended.signal }).catch(() => {});
  }
  process.off('SIGINT', end).off('SIGTERM', end);
}

/** What `getStatusExtended` says. */
export async function statusOf(server: RemoteObject): Promise<PyroDict> {
  return (await server.call('getStatusExtended')) as PyroDict;
}

/** As people read it. */
export function statusLines(status: PyroDict): string[] {
  const jobs = (status.currJobs as readonly PyroDict[]).map((job) => [
    text(job.key),
    text(job.state),
    text(job.user),
    Number(job.running) === 0 ? '0 s' : formatSpan(Number(job.running)),
    Number(job.port) === 0 ? '' : text(job.port),
    endingText(job.ending as PyroDict | null),
  ]);
  const { name, totalJobs, maxJobs, freeJobs, waiting, isDraining } = status;
  const more = [
    ...(Number(waiting) > 0 ? [`${waiting} wait`] : []),
    ...(isDraining === true ? ['takes no more jobs'] : []),
  ];
  return [
    [`${text(name)}: ${totalJobs} of ${maxJobs} jobs, ${freeJobs} free`, ...more].join(', '),
    ...(jobs.length === 0 ? [] : ['', ...tableLines(['JOB', 'STATE', 'USER', 'TIME', 'PORT', 'END'], jobs)]),
  ];
}

function endingText(ending: PyroDict | null): string {
  if (ending === null) return '';
  const { reason, exitCode, signal } = ending;
  const how = signal !== null ? text(signal) : exitCode === null ? '' : `exit code ${exitCode}`;
  return [text(reason), how].filter((word) => word !== '').join(', ');
}

function text(value: PyroValue | undefined): string {
  return typeof value === 'object' ? '' : String(value ?? '');
}
