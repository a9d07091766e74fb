import type { KeeperEvent } from '../../keeper/index.ts';
import { isoTime } from './iso-time.ts';

/** One line of the audit trail of tokens. Never a credential or a part of one. */
export interface TokenAuditEntry {
  readonly time: string;
  /** `issue`: signed here. `refresh`: obtained from a server. `deny`: will not be had by trying again. `revoke`: ended before its time. */
  readonly event: 'issue' | 'refresh' | 'deny' | 'revoke';
  readonly lease: string;
  readonly owner: string;
  readonly provider: string;
  readonly kind: string;
  /** `jti` or serial number; absent when its issuer gave none, or nothing was issued. */
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
  readonly scope?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly cause?: string | undefined;
  readonly why?: string | undefined;
}

/** Failures that are somebody's decision and no accident. */
const DENIALS: readonly string[] = [
  'credmon/denied',
  'oauth/denied',
  'oauth/invalid-grant',
  'oauth/refused',
  'oauth/mismatch',
];

/** The audit line of an event; `undefined` when it is none of the audit's business. */
export function auditEntryOf(
  event: KeeperEvent,
  now: Date,
  isLocal: (leaseId: string) => boolean,
): TokenAuditEntry | undefined {
  if (event.type === 'renewed') {
    const { id, subject, scope, expiresAt } = event.held;
    return {
      ...whose(event.lease, now),
      event: isLocal(event.lease.id) ? 'issue' : 'refresh',
      id,
      subject,
      scope,
      expiresAt: isoTime(expiresAt),
    };
  }
  if (event.type === 'failed' && DENIALS.includes(event.failure.code)) {
    const { code, message } = event.failure;
    return { ...whose(event.lease, now), event: 'deny', cause: code, why: message };
  }
  return undefined;
}

/** What every line says. */
export function whose(
  lease: { readonly id: string; readonly owner: string; readonly provider: string; readonly kind: string },
  now: Date,
): Pick<TokenAuditEntry, 'time' | 'lease' | 'owner' | 'provider' | 'kind'> {
  const { id, owner, provider, kind } = lease;
  return { time: now.toISOString(), lease: id, owner, provider, kind };
}
