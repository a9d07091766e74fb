import { readFile } from 'node:fs/promises';
import { LatchkeyError, quote, writeFileAtomic } from '../../kit/index.ts';
import type { Account, AccountBook } from '../../web/index.ts';

/** The accounts that local users have logged in with, and their end. */
export interface AccountFile extends AccountBook {
  list(): Promise<readonly (Account & { readonly localUser: string; readonly provider: string })[]>;
  /** Lets the next login be the first; true when there was something to forget. Without provider: all of the user. */
  forget(localUser: string, provider?: string): Promise<boolean>;
}

interface Entry extends Account {
  readonly localUser: string;
  readonly provider: string;
}

/**
 * Accounts in a JSON file (0600), read anew for each question: `latchkey web forget-account` may have changed it.
 *
 * @param path absent = in memory only
 */
export function openAccountFile(path: string | undefined): AccountFile {
  let memory: readonly Entry[] = [];
  let writing: Promise<unknown> = Promise.resolve();
  const load = async (): Promise<readonly Entry[]> => (path === undefined ? memory : await read(path));
  /** One change after the other, or two logins at once would lose one. */
  const change = (edit: (entries: readonly Entry[]) => readonly Entry[]): Promise<boolean> => {
    const done = writing.then(async () => {
      const before = await load();
      const after = edit(before);
      if (after === before) return false;
      memory = after;
      if (path !== undefined)
        await writeFileAtomic(path, `${JSON.stringify({ version: 1, accounts: after }, undefined, 1)}\n`);
      return true;
    });
    writing = done.catch(() => {});
    return done;
  };
  return {
    list: load,
    find: async (localUser, provider) => (await load()).find(isOf(localUser, provider)),
    async remember(localUser, provider, { issuer, subject }) {
      await change((entries) =>
        entries.some(isOf(localUser, provider))
          ? entries
          : [...entries, { localUser, provider, issuer, subject }],
      );
      const bound = (await load()).find(isOf(localUser, provider));
      return bound?.issuer === issuer && bound.subject === subject;
    },
    forget: (localUser, provider) =>
      change((entries) => {
        const kept = entries.filter((entry) => !isOf(localUser, provider ?? entry.provider)(entry));
        return kept.length === entries.length ? entries : kept;
      }),
  };
}

function isOf(localUser: string, provider: string): (entry: Entry) => boolean {
  return (entry) => entry.localUser === localUser && entry.provider === provider;
}

async function read(path: string): Promise<readonly Entry[]> {
  let contents: string;
  try {
    contents = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new LatchkeyError('file/io', `cannot read the accounts in ${quote(path)}`, { cause });
  }
  const entries = entriesOf(contents);
  if (entries !== undefined) return entries;
  // Going on as if nothing were known would let anybody be the first again.
  throw new LatchkeyError('file/unsafe', `the accounts in ${quote(path)} cannot be read as such`, {
    hint: 'put back a copy of it; without the file every user is bound anew at the next login',
  });
}

function entriesOf(contents: string): readonly Entry[] | undefined {
  try {
    const document = JSON.parse(contents) as {
      readonly version?: unknown;
      readonly accounts?: unknown;
    } | null;
    const accounts: unknown = document?.version === 1 ? document.accounts : undefined;
    return Array.isArray(accounts) && accounts.every(isEntry) ? accounts : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Record<string, unknown>;
  return ['localUser', 'provider', 'issuer', 'subject'].every((name) => typeof members[name] === 'string');
}
