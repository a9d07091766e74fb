import {
  type CheckedDescription,
  type JobCredential,
  type JobDescription,
  Service,
  type ServiceUrl,
} from '../../../../jobs/index.ts';
import { LatchkeyError, quote } from '../../../../kit/index.ts';

/** What makes the batch job a model, and so is not asked for. */
const OURS = [
  'executable',
  'arguments',
  'workingDirectory',
  'input',
  'output',
  'error',
  'arraySize',
  'cleanup',
  'credentials',
  'spmdVariation',
];

/**
 * What is asked of the scheduler, before any job is: checked as `latchkey/jobs` checks descriptions.
 *
 * @throws LatchkeyError `jobs/description`, `jobs/unsupported`
 */
export function checkedGiven(
  {
    url: text,
    job = {},
    credentials = [],
  }: {
    readonly url: string;
    readonly job?: Readonly<Record<string, unknown>> | undefined;
    readonly credentials?: readonly JobCredential[] | undefined;
  },
  { batch }: ServiceUrl,
): Partial<JobDescription> {
  for (const name of Object.keys(job)) {
    const ours = OURS.find((known) => plain(known) === plain(name));
    if (ours !== undefined)
      throw new LatchkeyError('jobs/description', `${quote(name)} of a model is not said in its job`, {
        hint: 'what runs is the class or command of [models], in a directory of its own, with its log',
      });
  }
  const checked = new Service(text).createJob({ executable: 'true', ...job })
    .description as CheckedDescription;
  const { wallTimeMinutes, transfers: _transfers, executable: _executable, environment, ...rest } = checked;
  // One that is run once more has lost what its client had put into it.
  const directives = [...(batch === 'slurm' ? ['--no-requeue'] : []), ...(rest.directives ?? [])];
  const fileTransfer = Object.entries(job).find(([name]) => plain(name) === 'filetransfer')?.[1];
  return {
    ...(rest as Partial<JobDescription>),
    environment,
    ...(wallTimeMinutes === undefined ? {} : { wallTimeLimit: wallTimeMinutes }),
    ...(fileTransfer === undefined ? {} : { fileTransfer: fileTransfer as readonly string[] }),
    ...(directives.length === 0 ? {} : { directives }),
    ...(credentials.length === 0 ? {} : { credentials }),
  };
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
