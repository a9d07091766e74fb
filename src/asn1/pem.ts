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

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----[ \t]*\r?\n([\s\S]*?)-----END \1-----/g;

/**
 * Finds every PEM block in a text; what lies between blocks is ignored, as OpenSSL does.
 *
 * @throws LatchkeyError `pem/malformed` when a block's contents are not base64, or a block does not end
 */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(BLOCK)) {
    const [whole, label = '', body = ''] = match;
    const headers = new Map<string, string>();
    let base64 = body;
    if (/^[A-Za-z-]+:/.test(body)) {
      const split = /\r?\n[ \t]*\r?\n/.exec(body);
      if (split === null)
        throw new LatchkeyError('pem/malformed', `a PEM block ${label} with headers and no blank line`);
      for (const line of body.slice(0, split.index).split(/\r?\n/)) {
        const colon = line.indexOf(':');
        if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      }
      base64 = body.slice(split.index + split[0].length);
    }
    const compact = base64.replace(/\s+/g, '');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 !== 0) {
      throw new LatchkeyError('pem/malformed', `a PEM block ${label} whose contents are not base64`);
    }
    blocks.push({ label, headers, der: Buffer.from(compact, 'base64'), text: whole });
  }
  const begins = text.match(/-----BEGIN [A-Z0-9 ]{1,64}-----/g)?.length ?? 0;
  if (begins !== blocks.length) throw new LatchkeyError('pem/malformed', 'a PEM block without its END line');
  return blocks;
}

/** One PEM block with 64-character lines and a final newline. */
export function formatPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
