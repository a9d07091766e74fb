import type { Command } from './command.ts';
import { tableLines } from './facts.ts';
import { withService } from './job-service.ts';

/** `latchkey jobs list`: the user's jobs at a service, ours or not. */
export const jobsList: Command = (invocation) =>
  withService(invocation, invocation.given.argument(0), async (service) => {
    const jobs = await service.overview();
    const rows = jobs.map(({ id, facts }) => [
      id,
      facts.state,
      facts.native ?? '',
      facts.reason ?? '',
      facts.startedAt?.toISOString().replace('.000Z', 'Z') ?? '',
    ]);
    return {
      json: { service: service.url, jobs: jobs.map(({ id, facts }) => ({ id, ...facts })) },
      lines:
        rows.length === 0 ? ['no jobs'] : tableLines(['JOB', 'STATE', 'THERE', 'REASON', 'STARTED'], rows),
    };
  });
