/** Letters that credd allows in names of users, services and handles. */
const CREDD_NAME = /^[A-Za-z0-9+=_.-]{1,200}$/;
/** A provider's name while `CREDMON_ALLOW_SPECIAL_CHAR_NAMES` is false. */
const PLAIN_NAME = /^[A-Za-z0-9-]{1,200}$/;

/** What the part of a file name before `.top`, `.use` or `.meta` says. */
export interface Stem {
  /** The provider's name. */
  readonly name: string;
  /** Absent = the plain token of the provider. */
  readonly handle?: string | undefined;
}

/**
 * Takes a file stem apart: provider, and handle after the first `_`. With special names allowed the whole stem is the
 * provider's name and there are no handles.
 *
 * @returns undefined for what no credd writes: other letters, a leading dot (`..` too), a name that ends in `_`
 */
export function readStem(stem: string, rules: { readonly allowSpecialNames: boolean }): Stem | undefined {
  if (!isCredentialName(stem) || stem.endsWith('_')) return undefined;
  if (rules.allowSpecialNames) return { name: stem };
  const split = stem.indexOf('_');
  const name = split < 0 ? stem : stem.slice(0, split);
  if (!PLAIN_NAME.test(name)) return undefined;
  return split < 0 ? { name } : { name, handle: stem.slice(split + 1) };
}

/** The file stem of a provider's token: `mytokens`, `mytokens_read`. The opposite of {@link readStem}. */
export function formatStem({ name, handle }: Stem): string {
  return handle === undefined || handle === '' ? name : `${name}_${handle}`;
}

/** True for a provider's name as configuration may give it (`*` is none). */
export function isProviderName(name: string, rules: { readonly allowSpecialNames: boolean }): boolean {
  return rules.allowSpecialNames ? isCredentialName(name) && !name.endsWith('_') : PLAIN_NAME.test(name);
}

/**
 * True for the name of a user's directory: credd's alphabet, no leading dot (so neither `.` nor `..`), at most 200 letters.
 * What passes here may stand in a path and in a scope: it has no `/` and no blank.
 */
export function isUserName(name: string): boolean {
  return isCredentialName(name);
}

/** The local user of `alice@submit.example`: credd drops the domain. */
export function withoutDomain(user: string): string {
  const at = user.indexOf('@');
  return at < 0 ? user : user.slice(0, at);
}

/** True for the name of a request file: the 64 lowercase hexadecimal digits of its key. */
export function isRequestKey(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** The user of a mark, `alice.mark`; undefined for any other name. */
export function userOfMark(fileName: string): string | undefined {
  const user = fileName.endsWith('.mark') ? fileName.slice(0, -'.mark'.length) : '';
  return isUserName(user) ? user : undefined;
}

function isCredentialName(name: string): boolean {
  return CREDD_NAME.test(name) && !name.startsWith('.');
}
