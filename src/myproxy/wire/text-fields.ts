import { LatchkeyError, quote } from '../../kit/index.ts';

/** One `KEY=value` line of a text message. */
export interface Field {
  readonly key: string;
  /** The bytes after the first `=`, up to the line's end; they may be any text encoding. */
  readonly value: Buffer;
}

/** The protocol version that every text message names. */
export const PROTOCOL_VERSION = 'MYPROXYv2';

/** Most lines of one message; the largest real ones are trust root lists of some hundred. */
const MAX_LINES = 100_000;
const LF = 0x0a;
const EQUALS = 0x3d;

/**
 * Splits a text message into its fields. It ends at the first NUL or with the bytes; the last LF may be missing.
 * Keys are found at line starts only (after blanks, which MyProxyClient sends), so no value can pose as a field.
 * Lines without `=` are left out.
 *
 * @param wanted keeps only these keys; default all
 * @throws LatchkeyError `myproxy/malformed` when there are more than 100,000 lines, wanted or not
 */
export function parseFields(message: Buffer, wanted: (key: string) => boolean = () => true): Field[] {
  const fields: Field[] = [];
  let lines = 0;
  for (const line of textLines(message)) {
    lines += 1;
    if (lines > MAX_LINES) {
      throw new LatchkeyError('myproxy/malformed', `a message of more than ${MAX_LINES} lines`);
    }
    const equals = line.indexOf(EQUALS);
    if (equals <= 0) continue;
    const key = line.toString('utf8', 0, equals);
    if (!wanted(key)) continue;
    fields.push({ key, value: line.subarray(equals + 1) });
  }
  return fields;
}

/** The lines of a text message without leading blanks and line ends. */
export function* textLines(message: Buffer): Generator<Buffer> {
  const nul = message.indexOf(0);
  const text = nul < 0 ? message : message.subarray(0, nul);
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf(LF, start);
    const end = newline < 0 ? text.length : newline;
    while (start < end && isBlank(text[start])) start += 1;
    if (start < end) yield text.subarray(start, end);
    start = end + 1;
  }
}

/** One `KEY=value` line. @throws LatchkeyError `myproxy/value-invalid` when the value would end the line or the message */
export function formatField(key: string, value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (bytes.includes(LF) || bytes.includes(0)) {
    throw new LatchkeyError('myproxy/value-invalid', `the value of ${key} contains a line feed or NUL`, {
      hint: 'a MyProxy field is one line of text',
    });
  }
  return Buffer.concat([Buffer.from(`${key}=`), bytes, Buffer.of(LF)]);
}

/** Joins lines to one message with its final NUL. */
export function formatMessage(lines: readonly Buffer[]): Buffer {
  return Buffer.concat([...lines, Buffer.of(0)]);
}

/** The text with every LF and NUL taken out, as the C client does with names and descriptions. */
export function stripLineEnds(text: string): string {
  return text.replace(/[\n\0]/g, '');
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes a value that decides something (a user name, a policy): bytes that are not UTF-8 are refused, because
 * a replacement character would make two names equal.
 *
 * @throws LatchkeyError `myproxy/malformed`
 */
export function strictText(key: string, value: Buffer): string {
  try {
    return strictUtf8.decode(value);
  } catch (cause) {
    throw new LatchkeyError('myproxy/malformed', `the value of ${key} is not UTF-8`, { cause });
  }
}

/** Largest value of the C code's `int`. */
const INT_MAX = 2 ** 31 - 1;
const INTEGER = /^[ \t]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/;

/**
 * Reads an integer as C's `strtol` with base 0 does: decimal, `0x` hexadecimal or `0` octal. Values beyond 32 bits
 * become the nearest 32-bit value (C wraps them round); an empty value is 0.
 *
 * @throws LatchkeyError `myproxy/malformed` when anything else is in the value, or it is beyond 64 bits
 */
export function parseInteger(key: string, value: Buffer): number {
  if (value.length === 0) return 0;
  const text = value.toString('latin1', 0, 256);
  const [, sign, hex, octal, decimal] = INTEGER.exec(text) ?? [];
  const digits = hex ?? octal ?? decimal;
  if (digits === undefined) throw notInteger(key, text);
  const magnitude = Number.parseInt(digits, hex !== undefined ? 16 : octal !== undefined ? 8 : 10);
  if (magnitude >= 2 ** 63) throw notInteger(key, text);
  const clamped = Math.min(magnitude, INT_MAX);
  return sign === '-' && clamped !== 0 ? -clamped : clamped;
}

function notInteger(key: string, text: string): LatchkeyError {
  return new LatchkeyError('myproxy/malformed', `${key} should be an integer and is ${quote(text, 40)}`);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
