import { isLatchkeyError, LatchkeyError, printable } from '../../kit/index.ts';

/** What an operation was about, for its error message. */
export interface RefusedSubject {
  readonly username: string;
  readonly credential?: string | undefined;
}

/** How a refusal reads and what it means for the exit code. */
interface Wording {
  readonly message: (whose: string) => string;
  readonly hint: (subject: RefusedSubject) => string;
  readonly code: LatchkeyError['code'];
}

/** By the reason that the library reads off the server's words. */
const WORDINGS: Readonly<Record<string, Wording>> = {
  'pass-phrase-wrong': {
    message: (whose) => `the pass phrase for ${whose} is wrong`,
    hint: ({ username }) =>
      `it is the one given to "latchkey init", not your certificate's; "latchkey passwd -l ${username}" changes it`,
    code: 'repository/pass-phrase-wrong',
  },
  'no-credentials': {
    message: (whose) => `nothing is stored for ${whose}`,
    hint: ({ username, credential }) =>
      `"latchkey init -l ${username}${credential === undefined ? '' : ` -k ${credential}`}" stores a credential; is it this server (-s), this name (-l, -k)?`,
    code: 'repository/not-found',
  },
  expired: {
    message: (whose) => `what is stored for ${whose} has expired`,
    hint: ({ username }) => `"latchkey init -l ${username}" stores a new one`,
    code: 'proxy/expired',
  },
  throttled: {
    message: (whose) => `too many wrong pass phrases for ${whose}`,
    hint: () => 'the right one works again after the wait',
    code: 'repository/throttled',
  },
  'authentication-needed': {
    message: (whose) => `the server wants a pass phrase for ${whose}, or a certificate that may renew it`,
    hint: () => 'leave -n away to be asked for the pass phrase; --renew FILE renews with a proxy',
    code: 'repository/denied',
  },
};

/** Lines that say in the protocol's words what the sentence says already. */
const KNOWN_LINES =
  /^(bad password|invalid (credential )?pass ?phrase|authentication failed|no passphrase|authorization failed)$/i;

/**
 * Waits for an operation; a refusal becomes a sentence about whose credential it was, with what to do, what else the server
 * said, and its reference.
 */
export async function explained<Value>(subject: RefusedSubject, operation: Promise<Value>): Promise<Value> {
  try {
    return await operation;
  } catch (error) {
    throw explainRefusal(subject, error);
  }
}

/** The pure part of {@link explained}; what is no refusal of a server stays as it is. */
export function explainRefusal(subject: RefusedSubject, error: unknown): unknown {
  if (!isLatchkeyError(error, 'myproxy/server-refused')) return error;
  const lines = linesOf(error.details.lines);
  const reference = lines
    .map((line) => /^ref: ([0-9a-f-]{4,40})$/.exec(line)?.[1])
    .find((id) => id !== undefined);
  const details = { ...error.details, ...(reference === undefined ? {} : { reference }) };
  const wording = WORDINGS[String(error.details.reason)];
  if (wording === undefined) {
    const message = error.message.replace(/; ref: [0-9a-f-]+$/, '').replace(/\.$/, '');
    return new LatchkeyError(error.code, message, {
      ...hintOf(error),
      retryable: error.retryable,
      cause: error,
      details,
    });
  }
  const { username, credential } = subject;
  const whose = credential === undefined ? `"${username}"` : `"${username}", credential "${credential}"`;
  const more = lines.filter((line) => !line.startsWith('ref: ') && !KNOWN_LINES.test(line) && isNews(line));
  const remark = more.length === 0 ? '' : ` (${more.join('; ')})`;
  return new LatchkeyError(wording.code, `${wording.message(whose)}${remark}`, {
    hint: wording.hint(subject),
    retryable: error.retryable,
    cause: error,
    details,
  });
}

/** The server's own sentence repeats ours, unless it says how long to wait. */
function isNews(line: string): boolean {
  return /wait|tr(y|ies)\b/i.test(line) || !/no credentials|do not exist|expired|username/i.test(line);
}

function linesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((line) => printable(String(line)).trim()) : [];
}

function hintOf(error: LatchkeyError): { hint?: string } {
  return error.hint === undefined ? {} : { hint: error.hint };
}
