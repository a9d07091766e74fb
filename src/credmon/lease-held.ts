import type { Held } from '../keeper/index.ts';
import type { FoundFile } from './directory-files.ts';
import { parseUse } from './use-file.ts';

/** Bytes of a token's payload that are looked at. */
const MAX_PAYLOAD = 16_384;

/**
 * What a `.use` that is there says of its token: from the token's own `iat` and `exp` when it is a JWT, else from `expires_at`,
 * else from the file's change time and `expires_in`. The token is ours or its reader's to judge: nothing is verified here.
 *
 * @returns undefined for a file that is torn, empty, or has the empty token of a denied user
 */
export function readHeld({ bytes, stats }: FoundFile): Held | undefined {
  const use = parseUse(bytes.toString('utf8'));
  if (use === undefined || use.accessToken.isEmpty) return undefined;
  const claims = timesOf(use.accessToken.reveal());
  const writtenAt = new Date(stats.ctimeMs);
  const issuedAt = claims.issuedAt ?? writtenAt;
  const byLifetime =
    use.expiresIn === undefined ? undefined : new Date(writtenAt.getTime() + use.expiresIn * 1000);
  return {
    kind: 'token',
    subject: claims.subject,
    scope: claims.scope ?? use.scope,
    id: claims.id,
    // A clock that was ahead when it was written.
    issuedAt: issuedAt.getTime() > Date.now() ? writtenAt : issuedAt,
    expiresAt: claims.expiresAt ?? use.expiresAt ?? byLifetime,
  };
}

/** What a JWT says of itself, unverified: for schedules and people. */
export interface TokenTimes {
  readonly issuedAt?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
  readonly scope?: string | undefined;
}

/** Reads the payload of what may be a JWT; an opaque token says nothing. */
export function timesOf(token: Buffer): TokenTimes {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 1 || second < 0 || second - first > MAX_PAYLOAD) return {};
  try {
    const text = Buffer.from(token.toString('latin1', first + 1, second), 'base64url').toString('utf8');
    const claims = Object(JSON.parse(text)) as Record<string, unknown>;
    return {
      issuedAt: dateOf(claims.iat),
      expiresAt: dateOf(claims.exp),
      id: textOf(claims.jti),
      subject: textOf(claims.sub),
      scope: textOf(claims.scope),
    };
  } catch {
    return {};
  }
}

function dateOf(value: unknown): Date | undefined {
  return typeof value === 'number' && value > 0 && value < 8.64e12 ? new Date(value * 1000) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 4096 ? value : undefined;
}
