import {
  type Job,
  type JobCredential,
  type JobDescription,
  parseServiceUrl,
  type Service,
} from '../../jobs/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import { Context, type Session } from '../../session/index.ts';
import type { Command, Report } from './command.ts';
import { ec2MachineOf } from './ec2-machine.ts';
import type { Given } from './given.ts';
import { attributeOf, readDescription, withoutAttribute } from './job-description-file.ts';
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
    const credentials = await credentialsOf(given, session);
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
    wallTimeLimit: spanOf(given),
    totalCpuCount: countOf(given, 'cores'),
    totalPhysicalMemory: countOf(given, 'memory'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function spanOf(given: Given): number | undefined {
  const seconds = given.lifetime('time');
  return seconds === undefined ? undefined : seconds / 60;
}

function countOf(given: Given, option: string): number | undefined {
  const text = given.text(option);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new LatchkeyError('cli/usage', `--${option} takes a whole number from 1, not "${text}"`);
}

async function credentialsOf(given: Given, session: Session): Promise<readonly JobCredential[]> {
  const [proxy, token] = [given.text('proxy'), given.text('token')];
  const wanted = [
    ...(proxy === undefined ? [] : [['x509-proxy', new Context('X509', { user_proxy: proxy })] as const]),
    ...(token === undefined ? [] : [['bearer-token', new Context('Token', { token_file: token })] as const]),
  ];
  const found: JobCredential[] = [];
  for (const [as, context] of wanted) {
    const source = session.source(await session.addContext(context));
    found.push({ source, as });
  }
  return found;
}
