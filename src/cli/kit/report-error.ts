import { isLatchkeyError, type LatchkeyError, printable } from '../../kit/index.ts';

/** The last line of the C tools' report on a failed connection, that scripts look for. */
const HEADINGS: Readonly<Record<string, string>> = {
  'myproxy/connect': 'Unable to connect to the MyProxy server',
  'myproxy/tls': 'Error authenticating',
  'x509/credential-missing': 'Error authenticating',
  'x509/path-invalid': 'Error authenticating',
  'x509/trust-missing': 'Error authenticating',
  'myproxy/server-identity': 'Server authorization failed',
  'myproxy/closed': 'Error reading from the MyProxy server',
  'myproxy/timed-out': 'Error reading from the MyProxy server',
};

/**
 * An error as the lines a tool prints: what the server said under `ERROR from myproxy-server:`, everything else in one sentence,
 * then what to do about it as `  hint: …`. Never a stack trace.
 */
export function reportError(error: unknown): string {
  if (!isLatchkeyError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return `${message.split('\n', 1)[0]}\n`;
  }
  return [...errorLines(error), ...hintLines(error)].map((line) => `${line}\n`).join('');
}

/** The lines a MyProxy server refused with, fit for a terminal, if that is what the error tells. */
export function serverLines(error: unknown): readonly string[] | undefined {
  if (!isLatchkeyError(error, 'myproxy/server-refused')) return undefined;
  const { lines } = error.details;
  return (Array.isArray(lines) ? lines.map(String) : [error.message]).map(printable);
}

function errorLines(error: LatchkeyError): string[] {
  const lines = serverLines(error);
  if (lines !== undefined) return ['ERROR from myproxy-server:', ...lines];
  const heading = HEADINGS[error.code];
  return [heading === undefined ? error.message : `${heading}: ${error.message}`];
}

function hintLines(error: LatchkeyError): string[] {
  return error.hint === undefined ? [] : [`  hint: ${error.hint}`];
}
