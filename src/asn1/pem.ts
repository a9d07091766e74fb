import { LatchkeyError } from '../kit/index.ts';

/** One PEM block (RFC 7468, with the headers of RFC 1421 where there are some). */
export interface PemBlock {
  /** `CERTIFICATE`, `RSA PRIVATE KEY`, … */
  readonly label: string;
  /** `Proc-Type`, `DEK-Info`, … in lower case; empty for modern blocks. */
  readonly headers: ReadonlyMap<string, string>;
  readonly der: Buffer;
  /** The block's own text, from BEGIN to END, as it came. */
  readonly text: string;
}

const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,64})-----/g;
const MAX_TEXT = 64 << 20;

/**
 * Finds every PEM block in a text; what lies between blocks is ignored, as OpenSSL does. Takes time in proportion to the
 * length of the text, whatever is in it.
 *
 * @throws LatchkeyError `pem/malformed` when a block's contents are not base64, or a block does not end; `asn1/limit` for more
 * than 64 Mi characters
 */
export function parsePem(text: string): PemBlock[] {
  if (text.length > MAX_TEXT)
    throw new LatchkeyError('asn1/limit', `a PEM text of ${text.length} characters`);
  const blocks: PemBlock[] = [];
  BEGIN.lastIndex = 0;
  for (let begin = BEGIN.exec(text); begin !== null; begin = BEGIN.exec(text)) {
    const [opening, label = ''] = begin;
    const closing = `-----END ${label}-----`;
    const bodyStart = begin.index + opening.length;
    const bodyEnd = text.indexOf(closing, bodyStart);
    if (bodyEnd < 0) throw pemMalformed(label, 'does not end');
    const end = bodyEnd + closing.length;
    blocks.push({
      label,
      ...readBody(label, text.slice(bodyStart, bodyEnd)),
      text: text.slice(begin.index, end),
    });
    BEGIN.lastIndex = end;
  }
  return blocks;
}

/** One PEM block with 64-character lines and a final newline. */
export function formatPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`;
}

function readBody(label: string, text: string): { headers: Map<string, string>; der: Buffer } {
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.shift() !== '') throw pemMalformed(label, 'has something on its BEGIN line');
  const headers = new Map<string, string>();
  if (lines[0]?.includes(':')) {
    const blank = lines.indexOf('');
    if (blank < 0) throw pemMalformed(label, 'has headers and no blank line after them');
    for (const line of lines.splice(0, blank)) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
  }
  const base64 = lines.join('').replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw pemMalformed(label, 'is not base64');
  }
  return { headers, der: Buffer.from(base64, 'base64') };
}

function pemMalformed(label: string, problem: string): LatchkeyError {
  return new LatchkeyError('pem/malformed', `a PEM block ${label} that ${problem}`);
}
