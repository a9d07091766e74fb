import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  formatStem,
  isRequestKey,
  type LoginRequest,
  parseRequestFile,
  parseTop,
} from '../../credmon/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import type { RequestFiles } from '../../web/index.ts';

const MAX_BYTES = 1 << 20;
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
      const file = await readBounded(join(directory, request.localUser, `${stemOf(request)}.top`));
      if (file === undefined) return false;
      const top = parseTop(file.text);
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

async function readBounded(path: string): Promise<{ text: string; changedMs: number } | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return undefined;
      if (stats.size > MAX_BYTES)
        throw new LatchkeyError('credmon/file-malformed', `a file of ${stats.size} bytes is no request`);
      return { text: await file.readFile('utf8'), changedMs: stats.ctimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
