/** True when no half of a surrogate pair is in the text alone. */
export function isWellFormed(text: string): boolean {
  return (text as WellFormed).isWellFormed();
}

/** Node 20 has it, the library of ES2023 has not. */
type WellFormed = string & { isWellFormed(): boolean };

/** UTF-8, in which a lone surrogate is the three bytes that its number makes, as Python's `surrogatepass` writes it. */
export function utf8WithSurrogates(text: string): Buffer {
  if (isWellFormed(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    Array.from(text, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return code >= 0xd800 && code <= 0xdfff
        ? Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)])
        : Buffer.from(character, 'utf8');
    }),
  );
}

/** The text of such bytes; undefined for what is no UTF-8 even so. */
export function textWithSurrogates(bytes: Buffer): string | undefined {
  const plain = decoded(bytes);
  if (plain !== undefined) return plain;
  let text = '';
  let from = 0;
  for (let at = 0; at + 2 < bytes.length; at++) {
    // ED A0..BF xx is a surrogate, and nothing else is written so.
    if (bytes[at] !== 0xed || ((bytes[at + 1] as number) & 0xe0) !== 0xa0) continue;
    if (((bytes[at + 2] as number) & 0xc0) !== 0x80) return undefined;
    const before = decoded(bytes.subarray(from, at));
    if (before === undefined) return undefined;
    const low = ((bytes[at + 1] as number) & 0x3f) << 6;
    text += before + String.fromCharCode(0xd000 | low | ((bytes[at + 2] as number) & 0x3f));
    from = at + 3;
    at += 2;
  }
  const rest = decoded(bytes.subarray(from));
  return rest === undefined ? undefined : text + rest;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names are short and ASCII: they are read faster here than by a decoder. */
const SHORT_BYTES = 32;

/**
 * The text of UTF-8 bytes.
 *
 * @throws TypeError for what is no UTF-8
 */
export function utf8Text(buffer: Buffer, begin: number, end: number): string {
  if (end - begin <= SHORT_BYTES) {
    let at = begin;
    while (at < end && (buffer[at] as number) < 0x80) at += 1;
    if (at === end) return buffer.toString('latin1', begin, end);
  }
  return UTF8.decode(buffer.subarray(begin, end));
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
