import { keyMalformed } from './wire-reader.ts';

/** The first private key of a text, in its armour. */
export interface PemText {
  readonly label: string;
  /** Of traditional encryption: `Proc-Type`, `DEK-Info`. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The block itself, with nothing around it. */
  readonly text: string;
}

const MAX_TEXT = 131_072;
const BEGIN = /-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----[ \t]*\r?\n/;

/** Finds the first private key of a text. @throws LatchkeyError `ssh/key-malformed` */
export function parsePemText(text: string): PemText {
  if (text.length > MAX_TEXT) throw keyMalformed('a file that is too long for a private key');
  const begin = BEGIN.exec(text);
  if (begin === null)
    throw keyMalformed('no private key: the file has no line "-----BEGIN … PRIVATE KEY-----"');
  const label = begin[1] ?? '';
  const inner = begin.index + begin[0].length;
  const end = text.indexOf(`-----END ${label}-----`, inner);
  if (end < 0) throw keyMalformed(`a private key without its last line "-----END ${label}-----"`);
  const headers = new Map<string, string>();
  const base64: string[] = [];
  for (const line of text.slice(inner, end).split(/\r?\n/)) {
    const header = /^([A-Za-z-]+): *(.*?)\s*$/.exec(line);
    if (header === null) base64.push(line.trim());
    else headers.set(header[1] ?? '', header[2] ?? '');
  }
  const body = base64.join('');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw keyMalformed('a private key that is not base64');
  return {
    ...{ label, headers, body: Buffer.from(body, 'base64') },
    text: `${text.slice(begin.index, end)}-----END ${label}-----\n`,
  };
}
