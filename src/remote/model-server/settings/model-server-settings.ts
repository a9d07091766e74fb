import type { Secret } from '../../../kit/index.ts';
import type { PyroLocation } from '../../../pyro/index.ts';

/** What a job is: a class that a small runtime of ours serves, or any program that reports as the page says. */
export type ModelProgram =
  | {
      readonly kind: 'class';
      /** Absolute path of a module that Node can load. */
      readonly module: string;
      readonly export: string;
    }
  | { readonly kind: 'program'; readonly command: readonly string[] };

/** A Unix socket, or an address of this machine with a TCP port; port 0 = any that is free. */
export type ListenPlace = { readonly unix: string } | { readonly host: string; readonly port: number };

/** Where models run when not on this machine; what a session must find is only named. */
export interface ModelHostSettings {
  /** `slurm://localhost?queue=short`, `slurm+ssh://alice@login`, `ssh://node`. */
  readonly url: string;
  /** What is asked of the scheduler, under the names of job descriptions. */
  readonly job: Readonly<Record<string, unknown>>;
  /** An address of the node that models listen on; absent = what suits the host. */
  readonly listen?: string | undefined;
  /** The command that is latchkey on another machine; for a class. */
  readonly runtime?: readonly string[] | undefined;
  /** Files of credentials that follow each job. */
  readonly proxy?: string | undefined;
  readonly token?: string | undefined;
}

/** Everything a model server is started with; paths are absolute, times in seconds. */
export interface ModelServerSettings {
  /** What it is called in the registry, and the end of every job's id: `Mupif.JobManager@Example`. */
  readonly name: string;
  /** Answer of `getApplicationSignature`. */
  readonly application: string;
  readonly model: ModelProgram;
  /** Told by `getModelMetadata`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Where jobs and state are: made 0700, and of nobody else. */
  readonly directory: string;
  readonly listen: ListenPlace;
  /** What clients must know. Absent = one is made and kept in the directory. */
  readonly key?: Secret | undefined;
  /** Jobs have the server's key instead of one each: for clients that know only one. */
  readonly sharesKey: boolean;
  /** What is published in place of the address that is listened on. */
  readonly published?: { readonly host: string; readonly port: number } | undefined;
  /** Where the registry is; absent = it registers nowhere. */
  readonly registry?: PyroLocation | undefined;
  /** Where jobs listen: each on a socket in its own directory, or on TCP. */
  readonly jobPlaces: 'unix' | { readonly host: string; readonly ports?: PortRange | undefined };
  /** Environment of jobs, besides the harmless part of the server's. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absent = jobs run on this machine. */
  readonly host?: ModelHostSettings | undefined;
  readonly limits: ModelServerLimits;
  /** Whether jobs that still run when the server starts again are its jobs again. */
  readonly onRestart: 'adopt' | 'reap';
}

/** First and last, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Every bound of a model server. */
export interface ModelServerLimits {
  readonly maxJobs: number;
  readonly maxJobsPerOwner: number;
  readonly maxQueued: number;
  readonly ticketSeconds: number;
  /** How long a job may take to report. */
  readonly startSeconds: number;
  /** How long a job lives on without its client; 0 = for ever. */
  readonly leaseSeconds: number;
  /** How long a job lives on with neither its server nor a client; 0 = for ever. */
  readonly orphanSeconds: number;
  /** How long a job may run; 0 = for ever. */
  readonly maxSeconds: number;
  /** Between TERM and KILL. */
  readonly stopSeconds: number;
  /** Ended jobs whose log and files are kept. */
  readonly maxEnded: number;
  /** Bytes of one file that a client may put, and of a log that is kept. */
  readonly maxFileBytes: number;
  readonly maxLogBytes: number;
}

export const DEFAULT_LIMITS: ModelServerLimits = {
  maxJobs: 4,
  maxJobsPerOwner: Number.MAX_SAFE_INTEGER,
  maxQueued: 0,
  ticketSeconds: 10,
  startSeconds: 30,
  leaseSeconds: 60,
  orphanSeconds: 600,
  maxSeconds: 0,
  stopSeconds: 5,
  maxEnded: 20,
  maxFileBytes: 4 * 2 ** 30,
  maxLogBytes: 64 * 2 ** 20,
};

/** Names become parts of ids, paths and addresses: letters, digits and `@ . _ + -`, not beginning with a dot. */
export function isServerName(name: string): boolean {
  return /^[A-Za-z0-9_@+-][A-Za-z0-9_.@+-]{0,99}$/.test(name);
}
