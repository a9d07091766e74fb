import { Secret } from '../kit/index.ts';
import { type Members, numberMember, readMembers, textMember } from './json-file.ts';
import type { UseFormat } from './settings.ts';

/** What a `.use` says. */
export interface UseFile {
  readonly format: UseFormat;
  /** Empty in the file of a user who was denied a token. */
  readonly accessToken: Secret;
  /** `expires_in`, seconds from when the file was made. */
  readonly expiresIn: number | undefined;
  /** `expires_at`: when the OAuth library that wrote it thought it would end. */
  readonly expiresAt: Date | undefined;
  /** Space-separated, whether it was written as a list or a string. */
  readonly scope: string | undefined;
  /** All members; none for a bare token. Holds secrets. */
  readonly members: Members;
}

/**
 * Reads a `.use` as the readers of HTCondor do: one JSON object with `access_token`, or the bare token on the first line
 * that is neither empty nor begins with `#`.
 *
 * @returns undefined when it is neither: torn, empty, a JSON object without `access_token`
 * @throws LatchkeyError `credmon/file-malformed` when it is over 1 MiB
 */
export function parseUse(text: string): UseFile | undefined {
  const members = readMembers(text);
  if (members !== undefined) {
    const accessToken = textMember(members, 'access_token');
    if (accessToken === undefined) return undefined;
    const expiresIn = numberMember(members, 'expires_in');
    return {
      format: 'json',
      accessToken: new Secret(accessToken),
      expiresIn,
      expiresAt: dateOf(numberMember(members, 'expires_at')),
      scope: scopeOf(members.scope),
      members,
    };
  }
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .find((one) => one !== '' && !one.startsWith('#'));
  if (line === undefined || /^[{[]/.test(line) || /\s/.test(line)) return undefined;
  return {
    format: 'bare',
    accessToken: new Secret(line),
    expiresIn: undefined,
    expiresAt: undefined,
    scope: undefined,
    members: {},
  };
}

/** What goes into a `.use`. */
export interface UseContents {
  readonly accessToken: Secret;
  readonly tokenType?: string | undefined;
  /** Whole seconds. Upstream cannot renew a file without it: give it whenever it is known. */
  readonly expiresIn?: number | undefined;
  readonly expiresAt?: Date | undefined;
  /** Space-separated; written as a list, as upstream's library does. */
  readonly scope?: string | undefined;
  /** Further members of the token endpoint's answer; `refresh_token` is never written. */
  readonly members?: Members | undefined;
}

/** The contents of a `.use`: one line of JSON (the curl plugin reads line by line), or the bare token and a line end. */
export function formatUse(contents: UseContents, format: UseFormat): Secret {
  const { accessToken, tokenType, expiresIn, expiresAt, scope, members = {} } = contents;
  if (format === 'bare') return new Secret(`${accessToken.revealText()}\n`);
  const { refresh_token: _never, ...others } = members;
  return new Secret(
    JSON.stringify({
      ...others,
      access_token: accessToken.revealText(),
      ...(tokenType === undefined ? {} : { token_type: tokenType }),
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
      ...(expiresAt === undefined ? {} : { expires_at: Math.floor(expiresAt.getTime() / 1000) }),
      ...(scope === undefined ? {} : { scope: scope.split(/\s+/).filter((one) => one !== '') }),
    }),
  );
}

const LAST_SECOND = 8_640_000_000_000;

function dateOf(seconds: number | undefined): Date | undefined {
  if (seconds === undefined || Math.abs(seconds) > LAST_SECOND) return undefined;
  return new Date(seconds * 1000);
}

function scopeOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  return value.filter((one) => typeof one === 'string').join(' ');
}
