import { isFinal, type Job } from '../../jobs/index.ts';
import type { Command, Invocation } from './command.ts';
import { factLines } from './facts.ts';
import { readDescription, transfersOf } from './job-description-file.ts';
import { factsJson, outcomeText, reportOfEnd, streamJob, waitUntilOver } from './job-outcome.ts';
import { serviceOf, withService } from './job-service.ts';

/** `latchkey jobs show`: all that is known of one job. */
export const jobsShow: Command = (invocation) =>
  withJob(invocation, async (job) => {
    const { facts, description } = job;
    const time = (date: Date | undefined) => date?.toISOString();
    const command =
      description === undefined ? undefined : [description.executable, ...(description.arguments ?? [])];
    return {
      json: factsJson(job),
      lines: [
        job.id ?? '',
        ...factLines([
          ['state', outcomeText(job)],
          ['there', facts.native],
          ['name', description?.name],
          ['command', command?.map((word) => JSON.stringify(word)).join(' ')],
          ['trouble', job.trouble?.message],
          ['hosts', facts.hosts?.join(', ')],
          ['submitted', time(facts.submittedAt)],
          ['started', time(facts.startedAt)],
          ['ended', time(facts.endedAt)],
        ]),
      ],
    };
  });

/** `latchkey jobs cancel`: ends a job, and waits until it has ended. */
export const jobsCancel: Command = (invocation) =>
  withJob(invocation, async (job) => {
    if (!isFinal(job.state)) {
      await job.cancel();
      await job.wait({ timeoutMs: 60_000 });
    }
    return {
      json: factsJson(job),
      lines: [`${job.id}  ${outcomeText(job)}`],
      exitCode: isFinal(job.state) ? 0 : 1,
    };
  });

/** The longest wait for a job that nobody knows: the service's own grace, and a bit. */
const GRACE_SECONDS = 40;

/** `latchkey jobs remove`: takes away what is left of a job. */
export const jobsRemove: Command = (invocation) =>
  withJob(invocation, async (job) => {
    if (job.state === 'Unknown') {
      invocation.note(
        `latchkey: nobody knows what became of it; waiting up to ${GRACE_SECONDS} s in case it is found again`,
      );
      await waitUntilOver(job, GRACE_SECONDS * 1000);
    }
    await job.remove();
    return { json: { id: job.id, removed: true }, lines: [`${job.id}  removed`] };
  });

/** `latchkey jobs follow`: its output until it ends. */
export const jobsFollow: Command = (invocation) =>
  withJob(invocation, async (job) => {
    const shown = await streamJob(job, invocation);
    return reportOfEnd(job, invocation.note, shown);
  });

async function withJob<Result>(invocation: Invocation, act: (job: Job) => Promise<Result>): Promise<Result> {
  const { given } = invocation;
  const id = given.argument(0);
  const fileTransfer = transfersOf(await readDescription(given.text('description')));
  return withService(invocation, serviceOf(id), async (service) =>
    act(await service.getJob(id, { fileTransfer })),
  );
}
