import { LatchkeyError, quote } from '../kit/index.ts';
import { parseServiceUrl } from './service-url.ts';

/** The two halves of a job's id. */
export interface JobId {
  /** Canonical address of the service, without password. */
  readonly service: string;
  /** The scheduler's own id of the job. */
  readonly native: string;
}

/** `[slurm+ssh://alice@host]-[4711]`, as SAGA writes it; stable over restarts and free of secrets. */
export function formatJobId({ service, native }: JobId): string {
  return `[${service}]-[${native}]`;
}

/** @throws LatchkeyError `jobs/not-found` for what is no job id */
export function parseJobId(text: string): JobId {
  const [, url = '', native = ''] = /^\[(.*)\]-\[([^[\]]+)\]$/s.exec(text) ?? [];
  if (native === '') {
    throw new LatchkeyError('jobs/not-found', `${quote(text)} is no job id`, {
      hint: 'it looks like [slurm+ssh://host]-[4711]',
    });
  }
  return { service: parseServiceUrl(url).text, native };
}
