import type { Keeper, KeeperEvent, Lease } from '../keeper/index.ts';
import { type Clock, LatchkeyError } from '../kit/index.ts';
import { credentialName } from './credential-files.ts';
import { type CredentialFinding, credentialOutlook } from './credential-outlook.ts';
import type { JobCredential } from './job-credential.ts';
import { sandboxDelivery } from './sandbox-delivery.ts';
import type { Workplace } from './workplace.ts';

/** Whose credentials are kept, and where. */
export interface FollowedJob {
  readonly tag: string;
  readonly sandbox: string;
  readonly credentials: readonly JobCredential[];
}

/** Keeps the credentials of jobs in their sandboxes, from before their start until their end. */
export class JobCredentials {
  readonly #keeper: Keeper;
  readonly #clock: Clock;
  /** Lease ids by tag. */
  readonly #held = new Map<string, readonly string[]>();
  readonly #watching = new Map<string, (event: KeeperEvent) => void>();
  readonly #unsubscribe: () => void;

  constructor(keeper: Keeper, clock: Clock) {
    this.#keeper = keeper;
    this.#clock = clock;
    this.#unsubscribe = keeper.subscribe((event) => {
      if ('lease' in event) this.#watching.get(tagOf(event.lease))?.(event);
    });
  }

  /**
   * Obtains every credential and puts it there; from then on they are renewed. When one cannot be had, none is held.
   *
   * @param onGone called when the sandbox takes no more: the job has ended
   * @returns what the credentials' ends mean for a job of that wall time
   * @throws LatchkeyError of the source or delivery that failed
   */
  async follow(
    place: Workplace,
    job: FollowedJob,
    wallTimeMinutes: number | undefined,
    onEvent: (event: KeeperEvent) => void,
    onGone: () => void,
  ): Promise<readonly CredentialFinding[]> {
    const leases = job.credentials.map(({ source, as }): Lease => {
      const name = credentialName(as);
      return {
        id: `${job.tag}/${name}`,
        owner: place.login,
        kind: typeof as === 'string' ? as : 'bearer-token',
        provider: source.authority,
        purpose: `job on ${place.transport.description}`,
      };
    });
    this.#held.set(
      job.tag,
      leases.map((lease) => lease.id),
    );
    this.#watching.set(job.tag, onEvent);
    try {
      const found = await Promise.all(
        job.credentials.map(async ({ source, as, renewable = true }, n) => {
          const lease = leases[n] as Lease;
          this.#keeper.hold(lease, source, sandboxDelivery(place, job.sandbox, as, onGone));
          const status = await this.#keeper.renewNow(lease.id);
          if (status.lastError !== undefined) throw notObtained(lease, status.lastError);
          // Asked once only: it stays as it is until the job's end takes it away.
          if (!renewable) this.#keeper.release(lease.id);
          const { expiresAt } = status;
          const name = credentialName(as);
          const now = this.#clock.now();
          return credentialOutlook({ name, expiresAt, isRenewable: renewable, wallTimeMinutes, now });
        }),
      );
      return found.flat();
    } catch (error) {
      this.release(job.tag);
      throw error;
    }
  }

  /** Renews no more; what is delivered stays. */
  release(tag: string): void {
    this.#watching.delete(tag);
    for (const id of this.#held.get(tag) ?? []) this.#keeper.release(id);
    this.#held.delete(tag);
  }

  close(): void {
    this.#unsubscribe();
    for (const tag of [...this.#held.keys()]) this.release(tag);
  }
}

function tagOf(lease: Lease): string {
  return lease.id.slice(0, lease.id.indexOf('/'));
}

function notObtained(
  lease: Lease,
  failure: {
    readonly message: string;
    readonly hint?: string | undefined;
    readonly code?: string | undefined;
  },
): LatchkeyError {
  return new LatchkeyError(
    'jobs/staging',
    `the credential "${lease.id.slice(lease.id.indexOf('/') + 1)}" cannot be given to the job: ${failure.message}`,
    {
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      details: { lease: lease.id, cause: failure.code },
    },
  );
}
