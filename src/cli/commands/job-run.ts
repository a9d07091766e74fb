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
import { readDescription } from './job-description-file.ts';
import { factsJson, reportOfEnd, type Shown, streamJob } from './job-outcome.ts';
import { withService } from './job-service.ts';

/** `latchkey run`: a command elsewhere, with its output and exit code here. */
export const jobRun: Command = async (invocation) => {
  const { given, note } = invocation;
  const [url = '', ...words] = given.arguments;
  if (given.flag('detach') && parseServiceUrl(url).via === 'ec2') {
    throw new LatchkeyError(
      'cli/usage',
      'a machine of ec2:// ends with this command: its job cannot be detached',
    );
  }
  const description = {
    ...(await readDescription(given.text('description'))),
    ...givenAttributes(given, words),
  };
  const run = async (service: Service, session: Session): Promise<Report> => {
    const credentials = await credentialsOf(given, session);
    const job = service.createJob(credentials.length === 0 ? description : { ...description, credentials });
    await job.run();
    for (const finding of job.findings) note(`latchkey: ${finding.message}`);
    if (given.flag('detach')) return { json: factsJson(job), lines: [job.id ?? ''] };
    note(`latchkey: ${job.id}`);
    const interrupted = cancelWhenInterrupted(job, note);
    let shown: Shown;
    try {
      shown = await streamJob(job, invocation);
    } finally {
      interrupted.forget();
    }
    const report = reportOfEnd(job, note, shown);
    return interrupted.wasInterrupted() ? { ...report, exitCode: 130 } : report;
  };
  return withService(invocation, url, run, ec2MachineOf);
};

function cancelWhenInterrupted(job: Job, note: (text: string) => void) {
  let wasInterrupted = false;
  const onSignal = (): void => {
    // The second time somebody is impatient: the job has been told to end already.
    if (wasInterrupted) process.exit(130);
    wasInterrupted = true;
    note('latchkey: cancelling');
    job.cancel().catch((error: Error) => note(`latchkey: ${error.message}`));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    wasInterrupted: () => wasInterrupted,
    forget: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
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
