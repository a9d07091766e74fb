/** What a server answered, in either protocol. */
export interface AttributeAnswer {
  /** The attribute certificate, DER; nothing about it has been checked. */
  readonly certificate?: Buffer;
  readonly warnings: readonly AnswerNote[];
  /** Why there is no certificate, or none that was asked for. */
  readonly errors: readonly AnswerNote[];
}

/** One thing a server says in words. */
export interface AnswerNote {
  /** `NoSuchUser` in the REST interface, `1001` in the older one; empty when the server gave none. */
  readonly code: string;
  /** One line or more, printable. */
  readonly message: string;
}

/** Longest answer that is read: thousands of attributes. */
export const MAX_ANSWER_BYTES = 1 << 20;

const MAX_NOTES = 20;
const MAX_MESSAGE = 1_000;

/** Notes as they are kept: not too many, not too long, and nothing that would move a terminal's cursor. */
export function keptNotes(notes: readonly AnswerNote[]): readonly AnswerNote[] {
  return notes.slice(0, MAX_NOTES).map(({ code, message }) => ({
    code: clean(code).slice(0, 50),
    message: clean(message.trim()).slice(0, MAX_MESSAGE),
  }));
}

function clean(text: string): string {
  // Line breaks stay: a suspension's reason is on a line of its own.
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\n\x20-\x7e\u00a0-\uffff]/g, '?');
}
