import type { ErrorCode } from './error-codes.ts';

/** What a {@link LatchkeyError} may say besides its code and sentence. */
export interface ErrorDetails {
  /** What the user can do about it; one line, lower case, no full stop. */
  readonly hint?: string;
  /** True when trying the same again later may succeed. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
  /** Values a program may want to act on; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The one error family of Latchkey: something the world did wrong (misuse by a programmer is a `TypeError`).
 * `message` is lower case, without a full stop, and says what was expected and what came.
 */
export class LatchkeyError extends Error {
  override readonly name = 'LatchkeyError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, more: ErrorDetails = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
    this.retryable = more.retryable ?? false;
    this.details = more.details ?? {};
  }
}

/** True when `error` is a {@link LatchkeyError}, of the given code if one is given. */
export function isLatchkeyError(error: unknown, code?: ErrorCode): error is LatchkeyError {
  return error instanceof LatchkeyError && (code === undefined || error.code === code);
}

/** One finding of a validator: what is wrong, where, and by which rule. Validators return lists of these and never stop at the first. */
export interface Finding {
  readonly code: string;
  /** One sentence, lower case, no full stop. */
  readonly message: string;
  /** Index of the certificate (0 = leaf), or line of the file, that the finding is about. */
  readonly index?: number;
  /** Section of the RFC or format that the rule comes from. */
  readonly rule?: string;
}
