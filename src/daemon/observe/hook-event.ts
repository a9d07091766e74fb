import type { HookEventType } from '../../credmon/index.ts';
import type { KeeperEvent } from '../../keeper/index.ts';
import { isoTime } from './iso-time.ts';

/** One event as hooks get it, in JSON. No secrets. */
export interface HookEvent {
  readonly event: HookEventType;
  readonly time: string;
  readonly lease: string;
  readonly owner: string;
  readonly provider: string;
  readonly kind: string;
  readonly expiresAt?: string | undefined;
  /** `jti` or serial number of the new credential. */
  readonly id?: string | undefined;
  /** Error code, sentence, and what to do. */
  readonly cause?: string | undefined;
  readonly message?: string | undefined;
  readonly hint?: string | undefined;
  readonly nextAt?: string | undefined;
}

/**
 * What hooks are told of an event. Of a row of failures only the first, and those at which the reason changes: retries
 * are the keeper's own business.
 *
 * @param lastCause the error code that was told last for this lease
 */
export function hookEventOf(
  event: KeeperEvent,
  now: Date,
  lastCause: string | undefined,
): HookEvent | undefined {
  if (event.type === 'breaker' || event.type === 'released') return undefined;
  const { id: lease, owner, provider, kind } = event.lease;
  const head = { event: event.type, time: now.toISOString(), lease, owner, provider, kind };
  if (event.type === 'renewed')
    return { ...head, expiresAt: isoTime(event.held.expiresAt), id: event.held.id };
  const { failure } = event;
  const why =
    failure === undefined ? {} : { cause: failure.code, message: failure.message, hint: failure.hint };
  if (event.type === 'expiring') return { ...head, expiresAt: isoTime(event.expiresAt), ...why };
  if (event.failures > 1 && event.failure.code === lastCause) return undefined;
  return { ...head, expiresAt: isoTime(event.expiresAt), ...why, nextAt: isoTime(event.nextAt) };
}
