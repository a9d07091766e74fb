import type { Credential } from '../../keeper/index.ts';
import type { TokenResponse } from '../../oauth/index.ts';
import { timesOf } from '../lease-held.ts';
import type { UseFormat } from '../settings.ts';
import { tokenUseFile } from './token-use-file.ts';

/** What a token endpoint answered, as the keeper takes it. */
export function tokenCredential(response: TokenResponse, format: UseFormat, now: Date): Credential {
  const { id, subject, scope } = timesOf(response.accessToken.reveal());
  return {
    kind: 'token',
    subject: response.subject?.subject ?? subject,
    scope: response.scope ?? scope,
    id,
    issuedAt: now,
    expiresAt: response.expiresAt,
    bytes: tokenUseFile(response, format, now),
  };
}
