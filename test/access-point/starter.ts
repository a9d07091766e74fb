import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from './pool.ts';
import { RefusedFile, readSecureFile, writeByRename } from './secure-file.ts';
import type { Job } from './submit.ts';

/** Why a job is on hold: `HoldReasonCode`, subcode and reason. */
export interface Hold {
  readonly code: number;
  readonly subCode: number;
  readonly reason: string;
  /** The shadow's log, not the user's. */
  readonly because: string;
}

const CORRUPTED_CREDENTIAL = 4;

/**
 * Reads the credentials of a job as the shadow does: unless the pool trusts the directory, each `.use` must be root's
 * and private.
 *
 * @throws RefusedFile
 */
function readJobCredentials(pool: Pool, job: Job): Map<string, Buffer> {
  const { trustCredentialDirectory: isTrusted, identities, directory } = pool;
  const reading = isTrusted ? { private: false } : { owner: identities.rootUid, private: true };
  return new Map(
    job.oauthServicesNeeded.map((needed) => {
      const file = `${needed.replaceAll('*', '_')}.use`;
      return [file, readSecureFile(join(directory, job.owner, file), reading)];
    }),
  );
}

/** A job that runs: its sandbox, with credentials copied now and every `SEC_CREDENTIAL_REFRESH`. */
export class RunningJob {
  readonly job: Job;
  readonly scratch: string;
  readonly #pool: Pool;
  readonly #timer: NodeJS.Timeout | undefined;
  #hold: Hold | undefined;
  /** How often the sandbox was filled. */
  copies = 0;

  constructor(pool: Pool, job: Job) {
    this.#pool = pool;
    this.job = job;
    this.scratch = join(pool.executeDirectory, `dir_${process.pid}_${job.cluster}`, 'scratch');
    this.#make(this.scratch);
    this.#make(this.credentialDirectory);
    this.refresh();
    if (this.#hold === undefined) {
      this.#timer = setInterval(() => this.refresh(), pool.paces.sandboxRefreshMs);
      pool.tell('starter', `job ${job.cluster}.0 runs for ${job.owner}`);
    }
  }

  /** `_CONDOR_CREDS`. */
  get credentialDirectory(): string {
    return join(this.scratch, '.condor_creds');
  }

  /** What the job's processes see. */
  get environment(): Readonly<Record<string, string>> {
    return { _CONDOR_CREDS: this.credentialDirectory, _CONDOR_SCRATCH_DIR: this.scratch };
  }

  /** The hold, if the job is on hold. */
  get hold(): Hold | undefined {
    return this.#hold;
  }

  /** Fetches everything from the shadow and replaces the copies; any failure holds the job. */
  refresh(): void {
    if (this.#hold !== undefined) return;
    try {
      for (const [file, bytes] of readJobCredentials(this.#pool, this.job)) {
        const { isRoot, uidOf } = this.#pool.identities;
        const uid = uidOf(this.job.owner);
        writeByRename(join(this.credentialDirectory, file), bytes, { mode: 0o600, uid, gid: uid, isRoot });
      }
      this.copies += 1;
    } catch (error) {
      if (!(error instanceof RefusedFile)) throw error;
      clearInterval(this.#timer);
      this.#hold = {
        code: CORRUPTED_CREDENTIAL,
        subCode: 0,
        reason: 'Job credentials are not available',
        because: error.message,
      };
      this.#pool.tell('shadow', `job ${this.job.cluster}.0 is held: ${this.#hold.reason}`);
    }
  }

  /** The job ends and its sandbox goes. */
  end(): void {
    clearInterval(this.#timer);
    rmSync(join(this.scratch, '..'), { recursive: true, force: true });
  }

  #make(path: string): void {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
    const { isRoot, uidOf } = this.#pool.identities;
    if (isRoot) chownSync(path, uidOf(this.job.owner), uidOf(this.job.owner));
  }
}
