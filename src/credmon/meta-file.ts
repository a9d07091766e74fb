import { Secret } from '../kit/index.ts';
import { readMembers, textMember } from './json-file.ts';

/** What a `.meta` says: how the refresh token of a login is used. Upstream needs all of it to renew. */
export interface MetaFile {
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly tokenUrl: string;
  readonly useRefreshToken: boolean;
}

/**
 * Reads a `.meta`. An absent `use_refresh_token` is true.
 *
 * @returns undefined when it is no JSON object with `client_id` and `token_url`
 * @throws LatchkeyError `credmon/file-malformed` when it is over 1 MiB
 */
export function parseMeta(text: string): MetaFile | undefined {
  const members = readMembers(text);
  if (members === undefined) return undefined;
  const clientId = textMember(members, 'client_id');
  const tokenUrl = textMember(members, 'token_url');
  if (clientId === undefined || tokenUrl === undefined) return undefined;
  const clientSecret = new Secret(textMember(members, 'client_secret') ?? '');
  return { clientId, clientSecret, tokenUrl, useRefreshToken: members.use_refresh_token !== false };
}

/** The contents of a `.meta`, as upstream reads it back. */
export function formatMeta({ clientId, clientSecret, tokenUrl, useRefreshToken }: MetaFile): Secret {
  return new Secret(
    JSON.stringify({
      client_id: clientId,
      client_secret: clientSecret.revealText(),
      token_url: tokenUrl,
      use_refresh_token: useRefreshToken,
    }),
  );
}
