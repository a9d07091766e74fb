import type { ConnectTarget, Job, JobCredential, PollPolicy } from '../../../../jobs/index.ts';
import { type Clock, isLatchkeyError, systemClock } from '../../../../kit/index.ts';
import { parseObjectUri } from '../../../../pyro/index.ts';
import type { SshConnection } from '../../../../ssh/index.ts';
import { filesElsewhere } from '../../files/elsewhere-files.ts';
import { JOB_LOG, WORK_DIRECTORY } from '../job-directory.ts';
import { logIn } from '../job-log.ts';
import { endProcesses } from '../job-processes.ts';
import type { BatchIdentity, ModelHost, RunningModel, StartSpec } from '../model-host.ts';
import type { ModelPlace, Report } from '../report.ts';
import { awaitReport } from './await-report.ts';
import { endOfBatch, isEnded } from './batch-ending.ts';
import { type BatchGround, nodePlaceOf, parseHostUrl } from './batch-ground.ts';
import { endJob, endOf, orGone, takeUp } from './batch-job.ts';
import { logElsewhere } from './elsewhere-log.ts';
import { checkedGiven } from './given-description.ts';
import { readNodeReport } from './node-report.ts';
import { INSTRUCTION_FILE, instructionLine, nodeJobDescription, REPORT_FILE } from './node-script.ts';
import { type Opened, OpenHost } from './open-host.ts';
import { startFailure, stillThere } from './start-failure.ts';

/** Which jobs of `latchkey/jobs` models become. */
export interface BatchHostOptions {
  /** Of a service: `slurm://localhost?queue=short`, `slurm+ssh://alice@login`, `ssh://node`. */
  readonly url: string;
  /** The model server's directory; all nodes of a scheduler of this machine must see it. */
  readonly directory: string;
  /** Reaches other machines, always by the same connection. */
  readonly connect?: ((target: ConnectTarget) => Promise<SshConnection>) | undefined;
  /** What is asked of the scheduler, and what surrounds the program: everything but the program and its files. */
  readonly job?: Readonly<Record<string, unknown>> | undefined;
  /** Follow each job, as `latchkey/jobs` has it. */
  readonly credentials?: readonly JobCredential[] | undefined;
  /** The command that serves a class there; module and export are added to it. */
  readonly classRuntime: readonly string[];
  /** An address of the node that models listen on; `node` = the one its name stands for. */
  readonly listen?: string | undefined;
  readonly poll?: Partial<PollPolicy> | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Models as jobs of a batch system, or of another machine. They report in files of their private directory there; what is asked of
 * the scheduler is asked by `latchkey/jobs`, one question for all.
 *
 * @throws LatchkeyError `jobs/url`
 */
export function batchHost(options: BatchHostOptions): ModelHost {
  const url = parseHostUrl(options.url);
  const given = checkedGiven(options, url);
  const clock = options.clock ?? systemClock;
  const letGo = new AbortController();
  const hosts = new OpenHost(options, url, clock);
  const open = () => hosts.open();
  const taken = ({ service }: Opened, { id }: BatchIdentity) =>
    takeUp(service, id, options.credentials ?? [], clock);
  const system = url.batch ?? 'the machine';

  const submit = async ({ ground, service }: Opened, spec: StartSpec, directory: string): Promise<Job> => {
    const { files } = ground.transport;
    if (!ground.isHere) {
      await files.makeDirectory(`${directory}/${WORK_DIRECTORY}`, { mode: 0o700 });
      await files.write(`${directory}/${JOB_LOG}`, Buffer.alloc(0), { mode: 0o600 });
    }
    const place = nodePlaceOf(url, options.listen, directory);
    const instruction = Buffer.from(instructionLine(spec.job, spec.key, place));
    await files.write(`${directory}/${INSTRUCTION_FILE}`, instruction, { mode: 0o600 });
    const { program, environment } = spec;
    const command =
      program.kind === 'program'
        ? program.command
        : [...options.classRuntime, program.module, program.export];
    const description = nodeJobDescription({
      ...{ job: spec.job, directory, command, environment },
      given,
    });
    return service.run(description);
  };

  const running = async (
    { ground }: Opened,
    job: Job,
    batch: BatchIdentity,
    report: Report,
    place: ModelPlace,
    directory: string,
  ): Promise<RunningModel> => {
    const linked = await ground.link(report, place);
    const { files } = ground.transport;
    const log = ground.isHere
      ? logIn(`${directory}/${JOB_LOG}`)
      : logElsewhere(files, `${batch.directory}/${JOB_LOG}`);
    const ended = endOf(job).then(async () => {
      await linked.close().catch(() => {});
      return endOfBatch(job.facts, system);
    });
    return {
      ...{ batch, report: linked.report, ended, log },
      ...(ground.isHere
        ? {}
        : { files: filesElsewhere(ground.transport, `${batch.directory}/${WORK_DIRECTORY}`) }),
      stop: async () => {
        await endJob(job, clock);
        // The key is in it.
        await files.remove(`${batch.directory}/${REPORT_FILE}`).catch(() => {});
        if (!ground.isHere) await keepLog(ground, batch.directory, directory);
      },
      ...(ground.isHere ? {} : { remove: () => files.remove(batch.directory, { recursive: true }) }),
      look: async () => void (await job.refresh()),
    };
  };

  return {
    async start(spec, signal) {
      const host = await open();
      const { ground } = host;
      const directory = spec.begun?.directory ?? ground.directoryOf(spec.directory);
      const place = nodePlaceOf(url, options.listen, directory);
      signal.throwIfAborted();
      let job: Job | undefined;
      try {
        job = spec.begun === undefined ? await submit(host, spec, directory) : await taken(host, spec.begun);
        const batch = { id: job.id ?? '', directory };
        spec.onBatch(batch);
        const report = await awaitReport({
          signal: AbortSignal.any([signal, letGo.signal]),
          ...{ job, clock, startMs: spec.startMs, isHere: ground.isHere },
          onQueue: spec.onQueue,
          read: async () => {
            const text = await textOf(ground, `${directory}/${REPORT_FILE}`);
            return {
              isThere: text !== '',
              report: text === '' ? undefined : readNodeReport(text, spec.job, spec.key, place),
            };
          },
        });
        return await running(host, job, batch, report, spec.place, spec.directory);
      } catch (error) {
        // The next server on the directory goes on with it.
        if (letGo.signal.aborted && !signal.aborted) throw error;
        const failure = signal.aborted
          ? signal.reason
          : await startFailure(error, spec, system, job, () =>
              ground.isHere
                ? logIn(`${spec.directory}/${JOB_LOG}`).tail()
                : logElsewhere(ground.transport.files, `${directory}/${JOB_LOG}`).tail(),
            );
        await discard(host, job, directory, spec.directory).catch((cause: unknown) => {
          throw stillThere(failure, job, cause);
        });
        throw failure;
      }
    },

    async adopt({ batch, directory, report, job: id, key }) {
      if (batch === undefined) return undefined;
      const host = await open();
      const job = await taken(host, batch).catch(orGone);
      if (job === undefined || isEnded(job.facts)) return undefined;
      // What it has reported is asked of itself: the server before knew the address on its own side.
      const text = await textOf(host.ground, `${batch.directory}/${REPORT_FILE}`);
      const there = readNodeReport(text, id, key, nodePlaceOf(url, options.listen, batch.directory));
      if (there === undefined) return undefined;
      const { location } = parseObjectUri(report.uri);
      const place: ModelPlace = 'path' in location ? { unix: location.path } : location;
      return running(host, job, batch, there, place, directory);
    },

    async reap({ batch, process, directory, stopMs }) {
      // Of a server on this directory that had no host.
      if (process !== undefined) await endProcesses(process, directory, stopMs);
      const host = await open();
      const job = batch === undefined ? undefined : await taken(host, batch).catch(orGone);
      await discard(host, job, batch?.directory ?? host.ground.directoryOf(directory), directory);
    },

    async close() {
      letGo.abort();
      await hosts.close();
    },
  };

  /** Ends what there may be of it, and leaves nothing of it on another machine. */
  async function discard(
    { ground }: Opened,
    job: Job | undefined,
    directory: string,
    directoryHere: string,
  ): Promise<void> {
    const { files } = ground.transport;
    // A job that comes late all the same does not find what it must do.
    await files.remove(`${directory}/${INSTRUCTION_FILE}`);
    if (job !== undefined) await endJob(job, clock);
    if (ground.isHere) {
      await files.remove(`${directory}/${REPORT_FILE}`);
      return;
    }
    await keepLog(ground, directory, directoryHere);
    await files.remove(directory, { recursive: true });
  }
}

/** What it said is here when it is not there any more. */
async function keepLog({ transport }: BatchGround, there: string, here: string): Promise<void> {
  await transport.files.get(`${there}/${JOB_LOG}`, `${here}/${JOB_LOG}`, { mode: 0o600 }).catch(() => {});
}

async function textOf({ transport }: BatchGround, path: string): Promise<string> {
  try {
    return (await transport.files.read(path)).toString('utf8');
  } catch (error) {
    if (isLatchkeyError(error, 'ssh/file') && error.details.reason === 'not-found') return '';
    // A machine that is out of reach for a while is asked again; jobs in its queue do not mind.
    if (isLatchkeyError(error) && error.retryable) return '';
    throw error;
  }
}
