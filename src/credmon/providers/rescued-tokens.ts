import { mkdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { openText, type SealingKeys, type Secret, sealText, writeFileAtomic } from '../../kit/index.ts';
import type { FileStamp } from '../scan.ts';

/** Refresh tokens that a server gave and the credential directory could not take: kept elsewhere until it can. */
export interface RescuedTokens {
  /** The token that belongs in the place of this version of `.top`, if there is one. */
  load(user: string, stem: string, stamp: FileStamp): Promise<Secret | undefined>;
  save(user: string, stem: string, stamp: FileStamp, token: Secret): Promise<void>;
  remove(user: string, stem: string): Promise<void>;
}

interface Rescued {
  readonly ino: number;
  readonly mtimeMs: number;
  /** Sealed. */
  readonly token: string;
}

/**
 * Keeps them in memory, and sealed in a directory of the state directory (made when there is something to keep), so that they
 * also outlive the process.
 */
export function openRescuedTokens(directory: string, sealing: SealingKeys): RescuedTokens {
  const kept = new Map<string, Rescued>();
  const absent = new Set<string>();
  // Neither name can hold the sign between them.
  const nameOf = (user: string, stem: string): string => `${user}@${stem}.json`;
  return {
    load: async (user, stem, stamp) => {
      const name = nameOf(user, stem);
      if (absent.has(name)) return undefined;
      const found = kept.get(name) ?? (await readRescued(join(directory, name)));
      if (found === undefined) {
        if (absent.size > 100_000) absent.clear();
        absent.add(name);
        return undefined;
      }
      kept.set(name, found);
      // Another login has taken its place.
      if (found.ino !== stamp.ino || found.mtimeMs !== stamp.mtimeMs) return undefined;
      return openText(sealing, found.token, ['rescued', user, stem]);
    },
    save: async (user, stem, { ino, mtimeMs }, token) => {
      const name = nameOf(user, stem);
      const rescued = { ino, mtimeMs, token: sealText(sealing, token, ['rescued', user, stem]) };
      absent.delete(name);
      kept.set(name, rescued);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFileAtomic(join(directory, name), JSON.stringify(rescued), 0o600);
    },
    remove: async (user, stem) => {
      const name = nameOf(user, stem);
      if (absent.has(name) || !kept.delete(name)) return;
      absent.add(name);
      await unlink(join(directory, name)).catch(() => {});
    },
  };
}

async function readRescued(path: string): Promise<Rescued | undefined> {
  try {
    const { ino, mtimeMs, token } = Object(JSON.parse(await readFile(path, 'utf8'))) as Record<
      string,
      unknown
    >;
    return typeof ino === 'number' && typeof mtimeMs === 'number' && typeof token === 'string'
      ? { ino, mtimeMs, token }
      : undefined;
  } catch {
    return undefined;
  }
}
