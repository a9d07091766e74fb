import { chmodSync, chownSync, closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from './pool.ts';
import type { Job } from './submit.ts';

/** The job queue, as far as credentials hear of it: who has jobs, and since when somebody has none. */
export class Schedd {
  readonly #pool: Pool;
  readonly #jobs = new Map<number, Job>();
  readonly #absentSince = new Map<string, number>();
  #nextCluster = 1;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** A new cluster; removes the owner's mark. */
  queue(owner: string, oauthServicesNeeded: readonly string[]): Job {
    const job: Job = { cluster: this.#nextCluster, owner, oauthServicesNeeded };
    this.#nextCluster += 1;
    this.#jobs.set(job.cluster, job);
    this.#absentSince.delete(owner);
    rmSync(this.#mark(owner), { force: true });
    return job;
  }

  /** The job has left the queue. */
  leave(job: Job, now = Date.now()): void {
    this.#jobs.delete(job.cluster);
    if (![...this.#jobs.values()].some(({ owner }) => owner === job.owner))
      this.#absentSince.set(job.owner, now);
  }

  /**
   * The scan of owners: those with jobs lose their mark, those long absent get one if they have credentials. An existing
   * mark keeps its time, which is the sweep's clock.
   */
  scanOwners(now = Date.now()): void {
    for (const { owner } of this.#jobs.values()) rmSync(this.#mark(owner), { force: true });
    for (const [owner, since] of this.#absentSince) {
      if (now - since < this.#pool.paces.absentOwnerMs || !existsSync(join(this.#pool.directory, owner)))
        continue;
      if (existsSync(this.#mark(owner))) continue;
      const path = this.#mark(owner);
      closeSync(openSync(path, 'wx', 0o600));
      chmodSync(path, 0o600);
      const { isRoot, rootUid, condorGid } = this.#pool.identities;
      if (isRoot) chownSync(path, rootUid, condorGid);
      this.#pool.tell('schedd', `marked ${owner}: no jobs left`);
    }
  }

  #mark(owner: string): string {
    return join(this.#pool.directory, `${owner}.mark`);
  }
}
