import { kindOf } from './attributes.ts';
import type { Path, SftpCalls } from './calls.ts';
import { StatusFailure } from './channel.ts';
import type { Entry } from './packet.ts';
import { STATUS } from './packet.ts';
import { allOf } from './pieces.ts';

/** Names of one directory that are kept at most. */
const MOST_ENTRIES = 1_000_000;
/** Listing requests, and removals, that are under way at once. */
/** Directories within directories: a server may make up ever more of them. */
const MOST_DEPTH = 1000;
const READS_AT_ONCE = 4;
const REMOVALS_AT_ONCE = 64;

const SLASH = Buffer.from('/');

/** All entries of a directory but itself and the one above it. @throws RangeError when they are too many to keep */
export async function listDirectory(calls: SftpCalls, path: Path): Promise<Entry[]> {
  const handle = await calls.openDirectory(path);
  const entries: Entry[] = [];
  let told = 0;
  const reader = async (): Promise<void> => {
    for (;;) {
      const more = await calls.readDirectory(handle);
      if (more === undefined) return;
      // What is left out counts as well, and so does an answer without any: a server can go on with those for ever.
      told += Math.max(1, more.length);
      for (const entry of more) {
        const name = entry.name.toString('latin1');
        // A name is one step: a server that lists `../x` would lead us out of the directory.
        if (name !== '.' && name !== '..' && name !== '' && !name.includes('/')) entries.push(entry);
      }
      if (told > MOST_ENTRIES) throw new RangeError(`more than ${MOST_ENTRIES} names`);
    }
  };
  try {
    await allOf(Array.from({ length: READS_AT_ONCE }, reader));
    return entries;
  } finally {
    calls.close(handle).catch(() => {});
  }
}

/** Removes a directory and what is in it. Links are removed, never followed; what is gone meanwhile is gone. */
export async function removeTree(calls: SftpCalls, path: Path, depth = 0): Promise<void> {
  if (depth > MOST_DEPTH) throw new RangeError(`more than ${MOST_DEPTH} directories within each other`);
  const entries = await listDirectory(calls, path).catch(unlessMissing);
  const work = [...(entries ?? [])].reverse();
  const remover = async (): Promise<void> => {
    for (let entry = work.pop(); entry !== undefined; entry = work.pop()) {
      const inside = Buffer.concat([Buffer.from(path as Buffer), SLASH, entry.name]);
      if (await isDirectory(calls, inside, entry)) directories.push(inside);
      else await calls.removeFile(inside).catch(unlessMissing);
    }
  };
  const directories: Buffer[] = [];
  await allOf(Array.from({ length: Math.min(REMOVALS_AT_ONCE, work.length) }, remover));
  for (const directory of directories) await removeTree(calls, directory, depth + 1);
  await calls.removeDirectory(path).catch(unlessMissing);
}

/** A listing that tells no type is asked about each name; one that does is of the names themselves, not of where links lead. */
async function isDirectory(calls: SftpCalls, path: Buffer, { attributes }: Entry): Promise<boolean> {
  if (attributes.permissions !== undefined) return kindOf(attributes) === 'directory';
  const status = await calls.status(path, { followLinks: false }).catch(unlessMissing);
  return status !== undefined && kindOf(status) === 'directory';
}

/** Nothing is as good as removed. */
export function unlessMissing(error: unknown): undefined {
  if (error instanceof StatusFailure && error.code === STATUS.noSuchFile) return undefined;
  throw error;
}
