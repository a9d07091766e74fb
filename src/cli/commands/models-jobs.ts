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
