import { LatchkeyError } from '../kit/index.ts';

/** Most characters of a credential file that are looked at. credd refuses larger ones earlier. */
export const MAX_CREDENTIAL_CHARACTERS = 1 << 20;

/** The members of a JSON object. They may be secrets: for files and requests only. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * The members of the object that a text is, or undefined when it is no JSON object: one line, or pretty-printed over many as credd does.
 * A member `__proto__` is a member like any other.
 *
 * @throws LatchkeyError `credmon/file-malformed` when it is over 1 MiB
 */
export function readMembers(text: string): Members | undefined {
  if (text.length > MAX_CREDENTIAL_CHARACTERS)
    throw new LatchkeyError('credmon/file-malformed', 'a credential file of more than 1 MiB');
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a member, if it is one. */
export function textMember(members: Members, name: string): string | undefined {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** A finite number that a member is or that its digits say (some servers write `"3600"`). */
export function numberMember(members: Members, name: string): number | undefined {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,15}(\.\d{1,9})?$/.test(value)) return undefined;
  return Number(value);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}
