import { counted } from '../../kit/index.ts';
import type { PyroDict, PyroValue, RemoteObject } from '../../pyro/index.ts';
import { tableLines } from './facts.ts';
import { formatSpan } from './lifetime.ts';

/** What `getStatusExtended` says. */
export async function statusOf(server: RemoteObject): Promise<PyroDict> {
  return (await server.call('getStatusExtended')) as PyroDict;
}

/** As people read it: a heading, and the jobs, those that live first. */
export function statusLines(status: PyroDict): string[] {
  const all = status.currJobs as readonly PyroDict[];
  const live = (isLive: boolean) => all.filter((job) => (job.isLive === true) === isLive);
  const jobs = [...live(true), ...live(false)].map((job) => [
    text(job.key),
    text(job.state),
    text(job.user),
    Number(job.running) === 0 ? '0 s' : formatSpan(Number(job.running)),
    Number(job.port) === 0 ? '' : text(job.port),
    endingText(job.ending as PyroDict | null) || queueText(job.queue as PyroDict | null, text(job.batch)),
  ]);
  const { name, totalJobs, maxJobs, freeJobs, waiting, isDraining } = status;
  const more = [
    ...(Number(waiting) > 0 ? [`${waiting} ${Number(waiting) === 1 ? 'waits' : 'wait'}`] : []),
    ...(isDraining === true ? ['takes no more jobs'] : []),
  ];
  return [
    [`${text(name)}: ${totalJobs} of ${counted(Number(maxJobs), 'job')}, ${freeJobs} free`, ...more].join(
      ', ',
    ),
    ...(jobs.length === 0 ? [] : ['', ...tableLines(['JOB', 'STATE', 'USER', 'TIME', 'PORT', 'END'], jobs)]),
  ];
}

function endingText(ending: PyroDict | null): string {
  if (ending === null) return '';
  const { reason, exitCode, signal, why } = ending;
  if (typeof why === 'string') return why;
  const how = signal !== null ? text(signal) : exitCode === null ? '' : `exit code ${exitCode}`;
  return [text(reason), how].filter((word) => word !== '').join(', ');
}

/** Of a job that has not reported: where it waits, and as what. */
function queueText(queue: PyroDict | null, batch: string): string {
  if (queue === null || queue === undefined) return '';
  const { position, state, native, reason } = queue;
  const place = Number(position) > 0 ? [`${position}. of its server`] : [];
  const words = [text(native) || text(state), text(reason)].filter((word) => word !== '');
  return [batch, ...place, words.join(' ')].join(', ');
}

function text(value: PyroValue | undefined): string {
  return typeof value === 'object' ? '' : String(value ?? '');
}
