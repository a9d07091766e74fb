import { lstatSync } from 'node:fs';
import { Secret } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { inUserDirectory } from './directory-files.ts';
import { readLeaseId } from './lease-name.ts';
import type { ClientProvider, LocalProvider } from './settings.ts';
import { formatUse } from './use-file.ts';

/** The contents of a `.use` without a token, as upstream writes it for a user who is denied: credd stops waiting. */
export function emptyUse({ lifetimeSeconds, format }: LocalProvider | ClientProvider): Secret {
  return formatUse({ accessToken: new Secret(''), expiresIn: lifetimeSeconds }, format);
}

/**
 * Puts a `.use` without a token where none is. What is there stays, whatever it says.
 *
 * @returns true when it was written, false when there is one, or nobody asks any more
 * @throws LatchkeyError `file/io`
 */
export function writeStandIn(
  directory: CredentialDirectory,
  leaseId: string,
  provider: LocalProvider | ClientProvider,
): boolean {
  const { user, stem } = readLeaseId(leaseId);
  const written = inUserDirectory(directory, user, (opened) => {
    const isThere = (name: string): boolean =>
      lstatSync(opened.pathOf(name), { throwIfNoEntry: false }) !== undefined;
    if (!isThere(`${stem}.top`) || isThere(`${stem}.use`)) return false;
    opened.write(`${stem}.use`, emptyUse(provider).reveal());
    return true;
  });
  return written === true;
}
