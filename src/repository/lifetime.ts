/** What bounds the lifetime of a delegated proxy; 0 or absent = no bound. */
export interface LifetimeBounds {
  readonly requestedSeconds: number;
  readonly storedSeconds: number;
  readonly maxSeconds?: number | undefined;
  /** notAfter of the certificate that signs. */
  readonly issuerExpires: Date;
  readonly now: Date;
}

/** Seconds the new proxy shall live; 0 or less when the issuer has expired. */
export function delegationLifetime(_bounds: LifetimeBounds): number {
  throw new Error('not there yet');
}

/** Refusal lines for a chain about to be stored (max_cred_lifetime); empty = accepted. */
export function checkStoredLifetime(
  _expires: Date,
  _maxSeconds: number | undefined,
  _now: Date,
): readonly string[] {
  throw new Error('not there yet');
}
