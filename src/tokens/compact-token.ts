import { LatchkeyError, type Secret } from '../kit/index.ts';
import { type Rejection, rejection } from './rejection.ts';
import { parseStrictObject } from './strict-json.ts';

/** A token taken apart (RFC 7515 §3.1). Nothing of it is to be believed before its signature was verified. */
export interface CompactToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signature: Buffer;
  /** The bytes that were signed. */
  readonly signingInput: Buffer;
}

/** Longest token in bytes: servers bound a request's whole head to 8 or 16 KiB. */
export const MAX_TOKEN_BYTES = 16_384;

/** Takes a token apart, or says why it is none. Pure. */
export function parseCompactToken(
  text: string,
  maxBytes: number = MAX_TOKEN_BYTES,
): CompactToken | Rejection {
  if (text.length > maxBytes) {
    return rejection(
      'token/too-large',
      `the token has ${text.length} bytes, more than ${maxBytes}`,
      'own bound',
    );
  }
  const parts = text.split('.');
  if (parts.length === 5) return malformed('is encrypted (five parts), and such tokens are not read');
  if (parts.length !== 3) return malformed(`has ${parts.length} parts instead of three`);
  const [header, claims, signature] = parts.map(decodePart);
  if (header === undefined || claims === undefined || signature === undefined) {
    return malformed('is not base64url without padding');
  }
  const headerMembers = parseStrictObject(header);
  if (typeof headerMembers === 'string') return malformed(`has a header that ${headerMembers}`);
  // RFC 7519 §5.2: the payload is a token again, and not JSON. Said apart, because it is somebody's trick and no accident.
  if (String(headerMembers.cty ?? '').toUpperCase() === 'JWT') {
    return rejection('header/nested', 'the token holds another token', 'RFC 7519 §5.2');
  }
  const claimMembers = parseStrictObject(claims);
  if (typeof claimMembers === 'string') return malformed(`has a claim set that ${claimMembers}`);
  const signingInput = Buffer.from(text.slice(0, text.lastIndexOf('.')), 'latin1');
  return { header: headerMembers, claims: claimMembers, signature, signingInput };
}

/**
 * Takes a token apart to look at it. It believes everything: whoever wrote the token wrote what comes back.
 *
 * @throws LatchkeyError `tokens/malformed`
 */
export function dangerouslyDecodeToken(token: Secret | string): CompactToken {
  const parsed = parseCompactToken(typeof token === 'string' ? token : token.revealText());
  if ('code' in parsed) throw new LatchkeyError('tokens/malformed', parsed.message);
  return parsed;
}

/** Strict: other alphabets, padding and stray bits in the last character are refused, so that a token has one spelling. */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

function malformed(what: string): Rejection {
  return rejection('token/malformed', `the token ${what}`, 'RFC 7515 §7.1, RFC 7519 §7.2');
}
