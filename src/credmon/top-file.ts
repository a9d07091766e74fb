import { Secret } from '../kit/index.ts';
import { type Members, readMembers, textMember } from './json-file.ts';

/** What a `.top` says: the long-lived secret, or only that somebody wants a token. */
export type TopFile =
  /** Anything that is no JSON object: credd's `alice@foo`, a user's own bytes. Its being there is the request. */
  | { readonly kind: 'marker' }
  | {
      readonly kind: 'json';
      /** `refresh_token`; empty when the server issued none, undefined when there is no such member. */
      readonly refreshToken: Secret | undefined;
      /** The raw string that credd compares with the request's; undefined = absent, which credd takes for empty. */
      readonly scopes: string | undefined;
      readonly audience: string | undefined;
      /** All members, those above too: `vault_token`, `vault_url`, `iss`, `token_url`, `access_token`, … Holds secrets. */
      readonly members: Members;
    };

/**
 * Reads the contents of a `.top`, as credd (pretty-printed over several lines), upstream's page or we write it.
 *
 * @throws LatchkeyError `credmon/file-malformed` when it is over 1 MiB
 */
export function parseTop(text: string): TopFile {
  const members = readMembers(text);
  if (members === undefined) return { kind: 'marker' };
  const refreshToken = textMember(members, 'refresh_token');
  return {
    kind: 'json',
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
    scopes: textMember(members, 'scopes'),
    audience: textMember(members, 'audience'),
    members,
  };
}

/** What goes into a `.top` after a login or a rotation. */
export interface TopContents {
  /** Absent = the server issued none: an empty string is written, as upstream does. */
  readonly refreshToken?: Secret | undefined;
  /** `Scopes` and `Audience` of the request as they came: credd compares strings. */
  readonly scopes?: string | undefined;
  readonly audience?: string | undefined;
  /** Further members, kept from the file that is replaced. */
  readonly members?: Members | undefined;
}

/** The contents of a `.top`: one line of JSON. `scopes` and `audience` are left out when they are empty. */
export function formatTop({ refreshToken, scopes = '', audience = '', members = {} }: TopContents): Secret {
  const { refresh_token: _old, scopes: _scopes, audience: _audience, ...others } = members;
  return new Secret(
    JSON.stringify({
      refresh_token: refreshToken?.revealText() ?? '',
      ...(scopes === '' ? {} : { scopes }),
      ...(audience === '' ? {} : { audience }),
      ...others,
    }),
  );
}
