import type { CheckedDescription } from './checked-description.ts';
import type { CredentialForm } from './job-credential.ts';

/** A description as its sandbox keeps it: without sources of credentials, which are not data. */
export interface KeptDescription {
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

/** @returns undefined for what is none of ours, or of a later version */
export function parseKept(text: string): KeptDescription | undefined {
  try {
    const kept = JSON.parse(text) as KeptDescription;
    return kept.version === 1 && Array.isArray(kept.credentials) ? kept : undefined;
  } catch {
    return undefined;
  }
}
