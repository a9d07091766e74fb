import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  formatStem,
  inUserDirectory,
  isRequestKey,
  isUserName,
  type LoginRequest,
  parseRequestFile,
  parseTop,
} from '../../credmon/index.ts';
import type { RequestFiles } from '../../web/index.ts';
import { readBounded } from './read-bounded.ts';

/** Upstream's: older request files count as gone. */
const LIFETIME_MS = 12 * 3_600_000;

/** credd's request files in a credential directory, and what they ask for in the users' directories. */
export function openRequestFiles(directory: string, now: () => Date = () => new Date()): RequestFiles {
  return {
    async read(key) {
      if (!isRequestKey(key)) return undefined;
      const file = await readBounded(join(directory, key));
      if (file === undefined || now().getTime() - file.changedMs > LIFETIME_MS) return undefined;
      return parseRequestFile(file.text).requests;
    },
    async isStored(request) {
      const stem = stemOf(request);
      // The same letters as a user's name: no way out of the user's directory.
      if (!isUserName(stem)) return false;
      const file = inUserDirectory({ path: directory }, request.localUser, (opened) =>
        opened.read(`${stem}.top`),
      );
      if (file === undefined) return false;
      const top = parseTop(file.bytes.toString('utf8'));
      // credd compares the same two strings in the same way, and lets through what is no JSON.
      if (top.kind === 'marker') return true;
      return (top.scopes ?? '') === request.scopes && (top.audience ?? '') === request.audience;
    },
    async remove(key) {
      if (!isRequestKey(key)) return;
      await unlink(join(directory, key)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    },
  };
}

/** The stem of the files that a request asks for. */
export function stemOf({ provider, handle }: LoginRequest): string {
  return formatStem({ name: provider.replaceAll('/', ':'), handle });
}
