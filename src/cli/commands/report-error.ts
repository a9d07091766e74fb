import { isLatchkeyError, type LatchkeyError, printable } from '../../kit/index.ts';
import { jsonText } from '../kit/json-text.ts';
import { exitCodeOf } from './exit-codes.ts';

/** What is printed on standard error for a failure, and the exit code. */
export interface FailureReport {
  readonly text: string;
  readonly exitCode: number;
}

/** A failure as one clear line with its hint and reference below, or with `--json` as one JSON document. */
export function reportFailure(error: unknown, json: boolean): FailureReport {
  if (!isLatchkeyError(error)) return reportDefect(error, json);
  const exitCode = exitCodeOf(error.code);
  const reference = referenceOf(error);
  if (json) {
    const document = {
      error: {
        code: error.code,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        ...(reference === undefined ? {} : { reference }),
        retryable: error.retryable,
        exitCode,
      },
    };
    return { text: `${jsonText(document)}\n`, exitCode };
  }
  const lines = [
    `latchkey: ${error.message}`,
    ...(error.hint === undefined ? [] : [`  hint: ${error.hint}`]),
    ...(reference === undefined ? [] : [`  ref: ${reference} (also in the server's log)`]),
  ];
  // What users and servers chose may stand in a message; our own line ends stay.
  const shown = lines.flatMap((text) => text.split('\n')).map(printable);
  return { text: `${shown.join('\n')}\n`, exitCode };
}

/** The correlation id the server gave, if it gave one. */
function referenceOf(error: LatchkeyError): string | undefined {
  const { reference } = error.details;
  return typeof reference === 'string' ? reference : undefined;
}

/** Something that is our own fault: no stack trace for the user, but a way to get it. */
function reportDefect(error: unknown, json: boolean): FailureReport {
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    return {
      text: `${jsonText({ error: { code: 'internal', message, exitCode: 1 } })}\n`,
      exitCode: 1,
    };
  }
  const trace = process.env.LATCHKEY_TRACE === '1' && error instanceof Error ? `${error.stack}\n` : '';
  return {
    text: `latchkey: internal error: ${message}\n  hint: this is a defect in Latchkey; LATCHKEY_TRACE=1 shows where\n${trace}`,
    exitCode: 1,
  };
}
