import { type JobCredential, parseServiceUrl } from '../../jobs/index.ts';
import {
  batchHost,
  type ModelHost,
  type ModelServerSettings,
  type ModelsSection,
} from '../../remote/index.ts';
import type { Invocation } from './command.ts';
import { readDescription } from './job-description-file.ts';
import { followingFiles, resourcesOf } from './job-given.ts';
import { jumpHosts, openSession } from './machine-session.ts';

/** A host of models that is not this machine, with the session that reaches it. */
export interface OpenModelHost {
  readonly host: ModelHost;
  close(): Promise<void>;
}

/** Adds what `--description`, `--time`, `--cores` and `--memory` say. @throws LatchkeyError `cli/usage`, `file/io`, `config/malformed` */
export async function withGivenJob({ given }: Invocation, section: ModelsSection): Promise<ModelsSection> {
  const job = { ...(await readDescription(given.text('description'))), ...resourcesOf(given) };
  return Object.keys(job).length === 0 ? section : { ...section, job };
}

/**
 * Where the jobs of these settings run; undefined = on this machine.
 *
 * @throws LatchkeyError what is wrong with the description, or with a credential
 */
export async function openModelHost(
  invocation: Invocation,
  { host: given, directory }: ModelServerSettings,
  classRuntime: readonly string[],
): Promise<OpenModelHost | undefined> {
  if (given === undefined) return undefined;
  const { url, job, listen, runtime } = given;
  const session = await openSession(invocation);
  try {
    const credentials: readonly JobCredential[] = await followingFiles(given, session);
    const jump = jumpHosts(invocation);
    const isHere = parseServiceUrl(url).via === 'local';
    const host = batchHost({
      ...{ url, directory, job, listen, credentials },
      connect: (target) => session.connect({ ...target, jump }),
      classRuntime: runtime === undefined ? (isHere ? classRuntime : ELSEWHERE) : [...runtime, ...SERVE],
    });
    return { host, close: () => session.close() };
  } catch (error) {
    await session.close();
    throw error;
  }
}

const SERVE = ['models', 'serve'];
/** On other machines, as their path finds it. */
const ELSEWHERE = ['latchkey', ...SERVE];
