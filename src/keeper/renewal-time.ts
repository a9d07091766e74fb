import type { Held } from './keeper.ts';

/** When a credential is renewed in its life. */
export interface RenewalPolicy {
  /** Part of the life after which it is renewed. Default 0.6. */
  readonly fraction: number;
  /** Seconds by which readers may lag behind a delivery (a job's sandbox is refreshed now and then). Default 360. */
  readonly marginSeconds: number;
  /** A life so short that the margin eats it is renewed after this part of it. Default 1/3. */
  readonly shortestFraction: number;
  /** Renewals come earlier by up to this part of their wait, so that they do not come together. Default 0.1. */
  readonly jitter: number;
  /** Seconds after which a credential without a known end is renewed. Default 1800. */
  readonly unknownLifeSeconds: number;
  /** Fewest seconds between two renewals of one lease, whatever its issuer says. Default 1. */
  readonly leastSeconds: number;
}

/** The policy for HTCondor's jobs: `SEC_CREDENTIAL_REFRESH` (300 s) and a minute's scan as the margin. */
export const defaultRenewalPolicy: RenewalPolicy = {
  fraction: 0.6,
  marginSeconds: 360,
  shortestFraction: 1 / 3,
  jitter: 0.1,
  unknownLifeSeconds: 1800,
  leastSeconds: 1,
};

/** What the decision looks at. */
export interface RenewalInput extends Pick<Held, 'issuedAt' | 'expiresAt'> {
  /** {@link Source.renewAfterSeconds} */
  readonly renewAfterSeconds?: number | undefined;
}

/**
 * When a credential is to be renewed. Pure: at `fraction` of its life, but early enough that a reader that lags by the
 * margin still has a valid one; earlier when its source says so; then earlier by some jitter, never later.
 *
 * @param random in [0, 1)
 */
export function renewalTime(input: RenewalInput, policy: RenewalPolicy, random: number): Date {
  const start = input.issuedAt.getTime();
  const wait = Math.min(waitFor(input, policy), (input.renewAfterSeconds ?? Number.POSITIVE_INFINITY) * 1000);
  const jittered = wait * (1 - clampToUnit(policy.jitter) * clampToUnit(random));
  return new Date(start + Math.max(jittered, policy.leastSeconds * 1000));
}

function waitFor({ issuedAt, expiresAt }: RenewalInput, policy: RenewalPolicy): number {
  if (expiresAt === undefined) return policy.unknownLifeSeconds * 1000;
  const life = Math.max(0, expiresAt.getTime() - issuedAt.getTime());
  const wanted = Math.min(life * policy.fraction, life - policy.marginSeconds * 1000);
  return Math.max(wanted, life * Math.min(policy.shortestFraction, policy.fraction));
}

function clampToUnit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
