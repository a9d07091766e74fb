import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Credd } from './credd.ts';
import { definePool, type Paces, type Pool } from './pool.ts';
import { Schedd } from './schedd.ts';
import { RunningJob } from './starter.ts';
import { type Job, type Submission, submit } from './submit.ts';

/** The daemons of one access point around one credential directory. */
export interface AccessPoint {
  readonly pool: Pool;
  readonly credd: Credd;
  readonly schedd: Schedd;
  /** `condor_submit` as the user. */
  submit(user: string, description: string): Promise<Submission>;
  /** Starts a queued job. */
  run(job: Job): RunningJob;
}

/** How an access point differs from HTCondor's defaults. */
export type AccessPointOptions = Partial<Omit<Pool, 'paces'>> & { readonly paces?: Partial<Paces> };

/**
 * Makes the places below `base` (`creds` 2770 root:condor, `log`, `execute`) and the daemons.
 *
 * @param hangUp sends SIGHUP to the monitor that has this process id
 */
export function openAccessPoint(
  base: string,
  hangUp: (pid: number) => void,
  options: AccessPointOptions = {},
): AccessPoint {
  const places = {
    directory: join(base, 'creds'),
    logDirectory: join(base, 'log'),
    executeDirectory: join(base, 'execute'),
  };
  const pool = definePool(places, options);
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true });
  const { isRoot, rootUid, condorUid, condorGid } = pool.identities;
  if (isRoot) {
    chownSync(pool.directory, rootUid, condorGid);
    chownSync(pool.logDirectory, condorUid, condorGid);
  }
  chmodSync(pool.directory, 0o2770);
  const credd = new Credd(pool, hangUp);
  const schedd = new Schedd(pool);
  return {
    pool,
    credd,
    schedd,
    submit: (user, description) => submit(pool, credd, schedd, user, description),
    run: (job) => new RunningJob(pool, job),
  };
}
