import type { Secret } from '../../kit/index.ts';
import type { TokenResponse } from '../../oauth/index.ts';
import type { UseFormat } from '../settings.ts';
import { formatUse } from '../use-file.ts';

/** The `.use` for what a token endpoint answered: all its members, without the refresh token. */
export function tokenUseFile(response: TokenResponse, format: UseFormat, now: Date = new Date()): Secret {
  const { accessToken, tokenType, expiresAt, scope, members } = response;
  const left =
    expiresAt === undefined
      ? undefined
      : Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1000));
  return formatUse(
    { accessToken, tokenType, expiresIn: response.expiresIn ?? left, expiresAt, scope, members },
    format,
  );
}
