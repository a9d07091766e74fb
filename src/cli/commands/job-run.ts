import { type Job, type JobDescription, parseServiceUrl, type Service } from '../../jobs/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import type { Session } from '../../session/index.ts';
import type { Command, Report } from './command.ts';
import { ec2MachineOf } from './ec2-machine.ts';
import type { Given } from './given.ts';
import { attributeOf, readDescription, withoutAttribute } from './job-description-file.ts';
import { followingFiles, resourcesOf } from './job-given.ts';
import { inputFor, tellOfWaiting } from './job-input.ts';
import { type Interrupts, listenForInterrupts } from './job-interrupt.ts';
import { factsJson, reportOfEnd, streamJob } from './job-outcome.ts';
import { tidyUp } from './job-remains.ts';
import { withService } from './job-service.ts';

/** `latchkey run`: a command elsewhere, with its input, output and exit code here. */
export const jobRun: Command = async (invocation) => {
  const { given, note } = invocation;
  const [url = '', ...words] = given.arguments;
  if (given.flag('detach') && parseServiceUrl(url).via === 'ec2') {
    throw new LatchkeyError(
      'cli/usage',
      'a machine of ec2:// ends with this command: its job cannot be detached',
    );
  }
  const read = await readDescription(given.text('description'));
  const isKept = given.flag('keep') || attributeOf(read, 'cleanup') === false;
  // Its output is to be seen before anything of it is removed.
  const description = {
    ...(given.flag('detach') ? read : withoutAttribute(read, 'cleanup')),
    ...givenAttributes(given, words),
  };
  const input = inputFor(given, url, read);
  const interrupts = listenForInterrupts();
  const run = async (service: Service, session: Session): Promise<Report> => {
    const files = { proxy: given.text('proxy'), token: given.text('token') };
    const credentials = await followingFiles(files, session);
    const job = service.createJob(credentials.length === 0 ? description : { ...description, credentials });
    const stopTelling = tellOfWaiting(input, url, invocation);
    await job.run({ input, signal: interrupts.signal }).finally(stopTelling);
    for (const finding of job.findings) note(`latchkey: ${finding.message}`);
    if (given.flag('detach') && !interrupts.signal.aborted)
      return { json: factsJson(job), lines: [job.id ?? ''] };
    note(`latchkey: ${job.id}`);
    cancelWhenInterrupted(job, interrupts, note);
    const shown = await streamJob(job, invocation);
    const report = reportOfEnd(job, note, shown);
    await tidyUp(job, shown, isKept, note);
    return { ...report, exitCode: interrupts.exitCode() ?? report.exitCode ?? 0 };
  };
  try {
    return await withService(invocation, url, run, ec2MachineOf);
  } catch (error) {
    const exitCode = interrupts.exitCode();
    if (exitCode === undefined) throw error;
    const isAborted = error instanceof Error && error.name === 'AbortError';
    const message = isAborted ? 'interrupted before the job was submitted' : (error as Error).message;
    note(`latchkey: ${message}`);
    return { json: { interrupted: true, message }, lines: [], exitCode };
  } finally {
    interrupts.forget();
    // Nobody reads it any more, and it would keep this process.
    input?.destroy();
  }
};

function cancelWhenInterrupted(job: Job, { signal }: Interrupts, note: (text: string) => void): void {
  const cancel = (): void => {
    note('latchkey: cancelling');
    job.cancel().catch((error: Error) => note(`latchkey: ${error.message}`));
  };
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
}

function givenAttributes(given: Given, words: readonly string[]): Partial<JobDescription> {
  const [executable, ...args] = words;
  const all = {
    ...(executable === undefined ? {} : { executable, arguments: args }),
    name: given.text('name'),
    queue: given.text('queue'),
    project: given.text('project'),
  };
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { ...said, ...resourcesOf(given) };
}
