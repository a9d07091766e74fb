import { setTimeout as delay } from 'node:timers/promises';
import { counted, LatchkeyError } from '../../../kit/index.ts';
import { type CallContext, Exposed, tuple } from '../../../pyro/index.ts';
import { type Caller, checkMayTouch } from '../caller.ts';
import { fileMethods } from '../files/exposed-files.ts';
import { isLive } from '../job-entry.ts';
import type { ManagedJob } from '../managed-job.ts';
import type { ModelServer } from '../model-server.ts';
import type { Arguments } from './arguments.ts';
import { exposedMethod, type Method } from './exposed-method.ts';
import { jobFacts, runningSeconds, usedTicket } from './job-facts.ts';

/** Which of the two doors a call came through, and what only the server's process can do. */
export interface ServiceParts {
  /** True for the socket that only the server's account can open. */
  readonly isOperator: boolean;
  /** Ends the process's server, with or without its jobs; the answer is sent first. */
  stop(jobs: 'end' | 'leave'): void;
}

const LOG_LINES = 50;
const MAX_LOG_LINES = 10_000;
const FOLLOW_MS = 200;
/** The old manager's word for "done". */
const DONE = 1;

/** The model server as its clients call it: the old job manager's methods under their names, and what they lacked. */
export function exposedServer(server: ModelServer, parts: ServiceParts): Exposed {
  const { settings } = server;
  const now = () => Date.now();
  const touched = (given: Arguments, caller: Caller): ManagedJob => {
    const job = server.job(given.text('jobID'));
    checkMayTouch(job, caller, given.secret('key'));
    return job;
  };
  const live = () => server.jobs.filter((job) => isLive(job.entry));
  const operatorOnly = (caller: Caller): void => {
    if (caller.isOperator) return;
    throw new LatchkeyError('remote/unauthorised', 'only the operator of this server may do that', {
      hint: "use latchkey models on the server's machine, from its account",
    });
  };
  const allocate = (given: Arguments, caller: Caller, { signal }: CallContext) =>
    server.allocate(caller, { user: given.text('user'), ticket: given.optionalText('ticket'), signal });
  const factsOf = (job: ManagedJob) => jobFacts(job, now(), server.ahead(job));

  const methods: Readonly<Record<string, readonly [names: readonly string[], method: Method]>> = {
    allocateJob: [
      ['user', 'natPort', 'ticket', 'remoteLogUri'],
      async (given, caller, context) => {
        const { id, entry } = await allocate(given, caller, context);
        return tuple(DONE, id, entry.port);
      },
    ],
    allocate: [
      ['user', 'ticket'],
      async (given, caller, context) => {
        const job = await allocate(given, caller, context);
        const { id, entry, key, protection } = job;
        return {
          ...{ jobID: id, uri: entry.uri ?? '', port: entry.port, protection },
          key: key.revealText(),
        };
      },
    ],
    attach: [
      ['jobID', 'key'],
      (given, caller) => factsOf(server.attach(caller, given.text('jobID'), given.secret('key'))),
    ],
    preAllocate: [
      ['requirements', 'user', 'wait'],
      (given, caller) =>
        server.preAllocate(caller, given.optionalText('user') ?? caller.identity, given.flag('wait'))
          ?.ticket ?? null,
    ],
    getTicketStatus: [
      ['ticket'],
      (given) => {
        const ticket = given.text('ticket');
        const job = server.allocated(ticket);
        return job === undefined ? { ...server.ticketStatus(ticket) } : usedTicket(ticket, factsOf(job));
      },
    ],
    terminateJob: [
      ['jobID', 'key'],
      async (given, caller) => {
        await server.terminate(caller, given.text('jobID'), given.secret('key'));
      },
    ],
    terminateAllJobs: [[], async (_given, caller) => [...(await server.terminateAll(caller))]],
    getStatus: [
      [],
      () => live().map((job) => tuple(job.id, runningSeconds(job, now()), job.entry.user, job.entry.port)),
    ],
    getStatusExtended: [
      [],
      () => ({
        ...{ name: settings.name, application: settings.application },
        currJobs: server.jobs.map(factsOf),
        ...{ totalJobs: live().length, maxJobs: settings.limits.maxJobs, freeJobs: server.freeJobs },
        ...{ waiting: server.waiting, isDraining: server.isDraining },
        since: new Date(server.startedAt).toISOString(),
      }),
    ],
    getJobStatus: [
      ['jobID', 'fresh'],
      async (given) => {
        const job = server.job(given.text('jobID'));
        if (given.flag('fresh')) await server.look(job);
        return factsOf(job);
      },
    ],
    getNumberOfFreeJobs: [[], () => server.freeJobs],
    getNSName: [[], () => settings.name],
    getApplicationSignature: [[], () => settings.application],
    getModelMetadata: [[], () => settings.metadata],
    // A job runs in its directory, and clients' paths begin there: that is all they need to know of it.
    getJobWorkDir: [
      ['jobID', 'key'],
      (given, caller) => {
        touched(given, caller);
        return '.';
      },
    ],
    getJobLog: [
      ['jobID', 'lines', 'key'],
      async (given, caller) => {
        const lines = Math.min(given.count('lines', LOG_LINES), MAX_LOG_LINES);
        return [...(await touched(given, caller).log.tail(lines, 1 << 20))];
      },
    ],
    followJobLog: [
      ['jobID', 'tailBytes', 'key'],
      (given, caller, { signal }) => {
        const job = touched(given, caller);
        const isOver = () => !isLive(job.entry);
        const tailBytes = given.count('tailBytes', 0);
        return job.log.follow({
          ...(tailBytes === 0 ? {} : { from: -tailBytes }),
          ...{ wait: () => delay(FOLLOW_MS), isOver, signal },
        });
      },
    ],
    ...fileMethods(server.uploads, touched),
    drain: [
      ['wait'],
      async (given, caller, { signal }) => {
        operatorOnly(caller);
        const drained = server.drain(signal);
        if (given.flag('wait')) await drained;
        return live().length;
      },
    ],
    resume: [
      [],
      (_given, caller) => {
        operatorOnly(caller);
        server.resume();
      },
    ],
    terminate: [
      ['force', 'leaveJobs'],
      (given, caller) => {
        operatorOnly(caller);
        const jobs = live().length;
        const isLeaving = given.flag('leaveJobs');
        if (jobs > 0 && !given.flag('force') && !isLeaving)
          throw new LatchkeyError('remote/state', `${settings.name} has ${counted(jobs, 'job')} running`, {
            hint: 'drain it first, or force it: the jobs end then',
          });
        parts.stop(isLeaving ? 'leave' : 'end');
      },
    ],
  };
  return new Exposed({
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, [names, method]]) => [
        name,
        exposedMethod(names, method, parts.isOperator),
      ]),
    ),
  });
}
