import { type ErrorCode, isLatchkeyError, LatchkeyError } from '../../kit/index.ts';

/** What an error means at the edge: the client's lines, and what only the operator reads. */
export interface Verdict {
  readonly verdict: 'refused' | 'failed';
  /** `ERROR=` lines for the client, in the C server's words first. */
  readonly lines: readonly string[];
  /** For log and audit. */
  readonly why: string;
}

/**
 * An operation that is not allowed or does not succeed, with the lines the client gets.
 *
 * @param lines the C server's texts first, because scripts look for them, then ours
 * @param why what only the operator may know; default the lines
 */
export function refusal(lines: readonly string[], why?: string, code?: ErrorCode): LatchkeyError {
  return new LatchkeyError(code ?? 'repository/denied', why ?? lines.join('; '), { details: { lines } });
}

/**
 * The verdict for anything thrown in a conversation. The inside of an unexpected error never reaches the client: it
 * gets `fallback`, the operator gets the cause.
 */
export function verdictOf(error: unknown, fallback: readonly string[]): Verdict {
  if (isLatchkeyError(error)) {
    const { lines } = error.details;
    if (isLines(lines)) return { verdict: 'refused', lines, why: error.message };
    const told = TELLABLE.has(error.code) ? [...fallback, error.message] : fallback;
    return { verdict: 'failed', lines: told, why: `${error.code}: ${error.message}${causeOf(error)}` };
  }
  return { verdict: 'failed', lines: fallback, why: String(error instanceof Error ? error.stack : error) };
}

/** Errors whose message is about what the client asked for, and nothing it should not know. */
const TELLABLE: ReadonlySet<ErrorCode> = new Set(['repository/name-collision']);

function isLines(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}

function causeOf(error: LatchkeyError): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : '';
}
