import { LatchkeyError, type Secret } from '../../kit/index.ts';
import type { ManagedJob } from './managed-job.ts';

/** Who calls the server, as far as it is proven. */
export interface Caller {
  /** What the limits of one client are counted by. */
  readonly identity: string;
  /** True for the account that the server runs as: it came through the socket that nobody else can reach. */
  readonly isOperator: boolean;
  /** One object for each connection. */
  readonly connection: object;
  /** Aborted when the connection ends. */
  readonly closed: AbortSignal;
}

/**
 * Whether this caller may do something with this job: the connection that allocated it or took it over, whoever knows the job's
 * key, and the operator. What a client calls its user is only said, and opens nothing.
 */
function mayTouch(job: ManagedJob, caller: Caller, key: Secret | undefined): boolean {
  return caller.isOperator || job.holders.has(caller.connection) || (key?.equals(job.key) ?? false);
}

/** @throws LatchkeyError `remote/unauthorised` */
export function checkMayTouch(job: ManagedJob, caller: Caller, key: Secret | undefined): void {
  if (mayTouch(job, caller, key)) return;
  throw new LatchkeyError('remote/unauthorised', `${job.id} is somebody else's job`, {
    hint: "only the connection that allocated it, who knows the job's key, and the server's operator may do that",
  });
}
