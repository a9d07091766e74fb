import { isSealedText, type SealingKeys } from '../kit/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { inUserDirectory } from './directory-files.ts';
import {
  commitRotation,
  prepareRotation,
  readStoredToken,
  type StoredTokenOptions,
} from './providers/stored-token.ts';
import { parseTop } from './top-file.ts';

/** How {@link resealLogin} leaves a refresh token. */
export interface ResealOptions {
  readonly directory: CredentialDirectory;
  readonly sealing: SealingKeys;
  /** True seals, false takes the seal off. */
  readonly isSealing: boolean;
}

/**
 * Puts the refresh token of one `.top` under the seal, or takes it off, as durably as a rotation. No monitor may run
 * meanwhile: it would rotate the same token.
 *
 * @returns false when there was nothing to do
 * @throws LatchkeyError `sealing/key`, `sealing/damaged`, `file/io`
 */
export async function resealLogin(options: ResealOptions, user: string, stem: string): Promise<boolean> {
  const { directory, sealing, isSealing } = options;
  const file = inUserDirectory(directory, user, (opened) => opened.read(`${stem}.top`));
  const top = file === undefined ? undefined : parseTop(file.bytes.toString('utf8'));
  if (top?.kind !== 'json' || top.refreshToken === undefined || top.refreshToken.isEmpty) return false;
  if (isSealedText(top.refreshToken.revealText()) === isSealing) return false;
  const access: StoredTokenOptions = {
    directory,
    sealing,
    isSealing,
    begin: () => () => {},
    rotated: () => {},
  };
  const stored = await readStoredToken(access, user, stem);
  if (stored.refreshToken === undefined) return false;
  const prepared = await prepareRotation(access, stored);
  try {
    await commitRotation(access, stored, prepared, stored.refreshToken);
  } finally {
    await prepared.close();
  }
  return true;
}
