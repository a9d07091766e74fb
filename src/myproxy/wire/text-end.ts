/**
 * Decides, as bytes arrive, whether a text without its final NUL may be whole. Looks at every byte once, so that
 * a peer who sends single bytes cannot make it slow.
 */
export interface EndDetector {
  /** @param unread all bytes of the message so far */
  mayEnd(unread: Buffer): boolean;
}

const REQUEST_KEYS = ['COMMAND', 'USERNAME', 'PASSPHRASE', 'LIFETIME'];
const LONGEST_KEY = 12;

/** For requests and responses: whole once every field that must be there has begun. */
export function textEnd(): EndDetector {
  const seen = new Set<string>();
  let lineStart = 0;
  let scanned = 0;
  return {
    mayEnd(unread) {
      for (;;) {
        const newline = unread.indexOf(0x0a, scanned);
        // MyProxyClient sends neither the last LF nor NUL: its last line counts too.
        const key = lineKey(unread, lineStart, newline < 0 ? unread.length : newline);
        if (key !== undefined) seen.add(key);
        scanned = newline < 0 ? unread.length : newline + 1;
        if (newline < 0) break;
        lineStart = newline + 1;
      }
      return seen.has('VERSION') && (seen.has('RESPONSE') || REQUEST_KEYS.every((key) => seen.has(key)));
    },
  };
}

/** For PEM payloads: whole once the last line is an END line and a private key has come. */
export function pemEnd(): EndDetector {
  let keySeen = false;
  let scanned = 0;
  return {
    mayEnd(unread) {
      keySeen ||= unread.includes('PRIVATE KEY-----', scanned);
      scanned = Math.max(0, unread.length - 16);
      return (
        keySeen && /-----END [A-Z0-9 ]{1,64}-----\s*$/.test(unread.toString('latin1', unread.length - 128))
      );
    },
  };
}

function lineKey(unread: Buffer, start: number, end: number): string | undefined {
  let from = start;
  // A bounded number of blanks: a line of a million of them is looked at again with each byte.
  while (from < end && from < start + 8 && (unread[from] === 0x20 || unread[from] === 0x09)) from += 1;
  const head = unread.toString('latin1', from, Math.min(end, from + LONGEST_KEY));
  const equals = head.indexOf('=');
  return equals < 0 ? undefined : head.slice(0, equals);
}
