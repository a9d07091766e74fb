import { readFile } from 'node:fs/promises';
import { LatchkeyError, quote, removeStaleTemporaries, writeFileAtomic } from '../../kit/index.ts';
import type { StoredEntry } from './registry-table.ts';

/** The file in which a registry keeps its entries: whole, old or new, after any crash. */
export class RegistryStore {
  readonly #path: string;
  readonly #entries: () => readonly StoredEntry[];
  #writing: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;

  constructor(path: string, entries: () => readonly StoredEntry[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /** What is kept; nothing when there is no file. What registries that were killed have left beside it is removed. @throws LatchkeyError `config/malformed`, `file/io` */
  static async load(path: string): Promise<readonly StoredEntry[]> {
    await removeStaleTemporaries(path);
    let content: string;
    try {
      content = await readFile(path, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      throw new LatchkeyError('file/io', `cannot read the registry's file ${quote(path)}: ${code}`, {
        cause,
      });
    }
    const entries = parsed(content);
    if (entries === undefined)
      throw new LatchkeyError('config/malformed', `${quote(path)} is not the file of a registry`, {
        hint: 'move it away to begin with an empty registry',
      });
    return entries;
  }

  /** Resolves when everything that is true now is kept. Changes that come while one is written are written together. */
  save(): Promise<void> {
    if (this.#waiting !== undefined) return this.#waiting;
    if (this.#writing === undefined) return this.#write();
    this.#waiting = this.#writing
      .catch(() => {})
      .then(() => {
        this.#waiting = undefined;
        return this.#write();
      });
    return this.#waiting;
  }

  #write(): Promise<void> {
    const text = `${JSON.stringify({ registry: 1, entries: this.#entries() }, null, 1)}\n`;
    const writing = writeFileAtomic(this.#path, text).finally(() => {
      if (this.#writing === writing) this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }
}

function parsed(content: string): readonly StoredEntry[] | undefined {
  try {
    const { registry, entries } = JSON.parse(content) as { registry?: unknown; entries?: unknown };
    return registry === 1 && Array.isArray(entries) && entries.every(isEntry) ? entries : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is StoredEntry {
  const { name, uri, tags, registeredAt } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof uri === 'string' &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    typeof registeredAt === 'number'
  );
}
