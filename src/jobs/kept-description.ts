import { type CheckedDescription, checkDescription } from './checked-description.ts';
import type { CredentialForm } from './job-credential.ts';

/** A description as its sandbox keeps it: without sources of credentials, which are not data. */
interface KeptDescription {
  readonly version: 1;
  readonly tag: string;
  readonly service: string;
  readonly createdAt: string;
  readonly description: Omit<CheckedDescription, 'credentials'>;
  readonly credentials: readonly CredentialForm[];
}

/** One line of JSON. */
export function keepDescription(
  tag: string,
  service: string,
  checked: CheckedDescription,
  createdAt: Date,
): string {
  const { credentials = [], ...description } = checked;
  const kept: KeptDescription = {
    version: 1,
    tag,
    service,
    createdAt: createdAt.toISOString(),
    description,
    credentials: credentials.map(({ as }) => as),
  };
  return `${JSON.stringify(kept)}\n`;
}

/** What a sandbox says its job was submitted with. */
export interface FoundDescription {
  readonly description: CheckedDescription;
  readonly hasCredentials: boolean;
  /** Files are due here at its end. */
  readonly hasFiles: boolean;
}

/**
 * Reads what the sandbox `tag` keeps. It comes from another machine, and is checked like what a stranger gives. Transfers are
 * left out: they name files of *this* machine, and who rules that one could have any of ours replaced.
 *
 * @returns undefined for what is none of ours, or of a later version
 */
export function parseKept(text: string, tag: string): FoundDescription | undefined {
  try {
    const kept = JSON.parse(text) as KeptDescription;
    if (kept.version !== 1 || kept.tag !== tag || !Array.isArray(kept.credentials)) return undefined;
    const { transfers, wallTimeMinutes, ...plain } = kept.description;
    return {
      description: checkDescription({ ...plain, wallTimeLimit: wallTimeMinutes }, 'kept'),
      hasCredentials: kept.credentials.length > 0,
      hasFiles: transfers.some(({ direction }) => direction === 'out'),
    };
  } catch {
    return undefined;
  }
}
