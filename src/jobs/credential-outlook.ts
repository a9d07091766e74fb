import type { Finding } from '../kit/index.ts';

/** What is known of a credential before its job is submitted. */
export interface OutlookInput {
  /** `bearer-token`, … */
  readonly name: string;
  /** Of the credential that was obtained; absent = its issuer does not say. */
  readonly expiresAt: Date | undefined;
  readonly isRenewable: boolean;
  readonly wallTimeMinutes: number | undefined;
  readonly now: Date;
}

/** A finding about a credential; `isSerious` = by policy the job is refused. */
export interface CredentialFinding extends Finding {
  readonly isSerious: boolean;
}

/**
 * Does it outlive the job, or can it be renewed? Time in the queue is unknown: what is judged is the shortest that the job
 * can need. Nothing found = it does.
 */
export function credentialOutlook(input: OutlookInput): readonly CredentialFinding[] {
  const { name, expiresAt, isRenewable, wallTimeMinutes, now } = input;
  if (expiresAt === undefined) return [];
  const leftMinutes = (expiresAt.getTime() - now.getTime()) / 60_000;
  const ends = `"${name}" ends at ${expiresAt.toISOString()}`;
  if (leftMinutes <= 0)
    return [{ code: 'credential-expired', message: `${ends}, which is past`, isSerious: true }];
  if (wallTimeMinutes !== undefined && leftMinutes >= wallTimeMinutes) return [];
  if (isRenewable) {
    if (wallTimeMinutes === undefined) return [];
    const message = `${ends}, before the job's wall time of ${wallTimeMinutes} minutes is over: it is renewed only while this process, or one that takes the job up again, is running`;
    return [{ code: 'credential-renewed', message, isSerious: false }];
  }
  if (wallTimeMinutes === undefined) {
    const message = `${ends} and cannot be renewed, and the job has no wall time limit`;
    return [{ code: 'credential-unbounded', message, isSerious: true }];
  }
  const message = `${ends} and cannot be renewed, and the job may run for ${wallTimeMinutes} minutes`;
  return [{ code: 'credential-too-short', message, isSerious: true }];
}
