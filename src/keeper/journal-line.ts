import type { ErrorCode } from '../kit/index.ts';
import type { LeaseHistory } from './journal.ts';
import type { LeaseFailure } from './status.ts';

/** Longest line that is read, characters: names, messages and hints are shorter. */
const MAX_LINE = 16_384;

/** One line of a journal, without its line end; no history = the lease is forgotten. */
export function formatJournalLine(id: string, history: LeaseHistory | undefined): string {
  if (history === undefined) return JSON.stringify({ lease: id, gone: true });
  const { failures, needsAction, lastRenewedAt, nextAt, lastError } = history;
  if (failures === 0 && lastError === undefined) return JSON.stringify({ lease: id, renewed: lastRenewedAt });
  const error = lastError && { ...lastError, at: lastError.at.getTime() };
  return JSON.stringify({ lease: id, renewed: lastRenewedAt, failures, needsAction, next: nextAt, error });
}

/** What a line says; `undefined` when it is torn, damaged or of another kind. */
export function parseJournalLine(
  line: string,
): { id: string; history: LeaseHistory | undefined } | undefined {
  if (line.length === 0 || line.length > MAX_LINE) return undefined;
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || typeof value.lease !== 'string') return undefined;
  if (value.gone === true) return { id: value.lease, history: undefined };
  const failures = numberOf(value.failures) ?? 0;
  const lastError = failureOf(value.error);
  const history: LeaseHistory = {
    failures: Math.max(0, Math.trunc(failures)),
    ...(value.needsAction === true ? { needsAction: true } : {}),
    lastRenewedAt: numberOf(value.renewed),
    nextAt: numberOf(value.next),
    ...(lastError === undefined ? {} : { lastError }),
  };
  return { id: value.lease, history };
}

function failureOf(value: unknown): LeaseFailure | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, hint, at } = value as Readonly<Record<string, unknown>>;
  const time = numberOf(at);
  if (typeof code !== 'string' || typeof message !== 'string' || time === undefined) return undefined;
  // A code of another version is shown as it is, and compared with by nobody.
  const told = { code: code as ErrorCode, message, at: new Date(time) };
  return typeof hint === 'string' ? { ...told, hint } : told;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Math.abs(value) < 8.64e15 ? value : undefined;
}
