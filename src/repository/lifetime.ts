/** What bounds the lifetime of a delegated proxy; 0 or absent = no bound. */
export interface LifetimeBounds {
  readonly requestedSeconds: number;
  readonly storedSeconds: number;
  /** `max_proxy_lifetime` */
  readonly maxSeconds?: number | undefined;
  /** notAfter of the certificate that signs. */
  readonly issuerExpires: Date;
  readonly now: Date;
}

const SHORTEST_SECONDS = 300;

/**
 * Seconds a new proxy shall live: the smallest positive bound, at least 300, in whole minutes, and never longer than
 * the issuer; as long as the issuer when nothing bounds it. 0 when the issuer has expired.
 */
export function delegationLifetime(bounds: LifetimeBounds): number {
  const issuerSeconds = Math.floor((bounds.issuerExpires.getTime() - bounds.now.getTime()) / 1000);
  const positive = [bounds.requestedSeconds, bounds.storedSeconds, bounds.maxSeconds ?? 0].filter(
    (seconds) => seconds > 0,
  );
  const wanted = positive.length === 0 ? issuerSeconds : wholeMinutes(Math.min(...positive));
  return Math.max(0, Math.min(wanted, issuerSeconds));
}

function wholeMinutes(seconds: number): number {
  const raised = Math.max(seconds, SHORTEST_SECONDS);
  return raised - (raised % 60);
}

/**
 * Refusal lines for a chain about to be stored under `max_cred_lifetime`; empty = accepted. Nearly an hour more than
 * the maximum is let through, because clients round hours up and clocks differ.
 *
 * @param expires the earliest notAfter of the chain
 */
export function checkStoredLifetime(
  expires: Date,
  maxSeconds: number | undefined,
  now: Date,
): readonly string[] {
  const seconds = Math.floor((expires.getTime() - now.getTime()) / 1000);
  if (seconds <= 0) return ['Credential expired!'];
  if (maxSeconds === undefined || maxSeconds <= 0 || seconds <= maxSeconds + 3599) return [];
  const hours = (value: number) => Math.floor(value / 3600);
  return [
    `Credential lifetime (${hours(seconds)} hours) exceeds maximum allowed by server (${hours(maxSeconds)} hours).`,
  ];
}
