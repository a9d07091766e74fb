import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import {
  array,
  type InferOutput,
  literal,
  nullable,
  number,
  object,
  optional,
  picklist,
  safeParse,
  string,
} from 'valibot';
import { LatchkeyError, removeStaleTemporaries, writeFileAtomic } from '../../kit/index.ts';

const savedJob = object({
  id: string(),
  user: string(),
  owner: string(),
  /** Name of its directory below `jobs`. */
  directory: string(),
  /** The job's key: the file is 0600. */
  key: string(),
  createdAt: number(),
  startedAt: optional(nullable(number())),
  process: optional(nullable(object({ pid: number(), mark: string() }))),
  /** Of a batch system, or of another machine. */
  batch: optional(nullable(object({ id: string(), directory: string() }))),
  /** By which its client may ask for it again. */
  ticket: optional(nullable(string())),
  report: optional(
    nullable(object({ uri: string(), port: number(), protection: picklist(['token', 'hmac']) })),
  ),
});

const savedState = object({
  version: literal(1),
  name: string(),
  /** Number of the next job: no id is used twice, whatever became of the jobs. */
  nextNumber: number(),
  jobs: array(savedJob),
});

export type SavedJob = InferOutput<typeof savedJob>;
export type SavedState = InferOutput<typeof savedState>;

const MAX_BYTES = 16 << 20;

/** What a model server knows of its jobs, on disk: written whole or not at all. */
export class StateFile {
  readonly #path: string;
  readonly #current: () => SavedState;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param current what is to be written, asked at the moment of writing */
  constructor(path: string, current: () => SavedState) {
    this.#path = path;
    this.#current = current;
  }

  /** Resolves when what is known now is durable. Many that ask while one write runs share the next one. */
  save(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#write();
    this.#next = this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#write();
      });
    return this.#next;
  }

  #write(): Promise<void> {
    const running = writeFileAtomic(this.#path, `${JSON.stringify(this.#current())}\n`).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

/**
 * @returns undefined when there is none
 * @throws LatchkeyError `file/unsafe` when it cannot be what a server of ours wrote
 */
export async function readState(path: string): Promise<SavedState | undefined> {
  await removeStaleTemporaries(path);
  let text: string;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if ((await file.stat()).size > MAX_BYTES) throw new Error('it is too large');
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(path, cause instanceof Error ? cause.message : String(cause));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, 'it is not JSON');
  }
  const { success, output } = safeParse(savedState, value);
  if (!success) throw damaged(path, 'it does not hold what it should');
  return output;
}

function damaged(path: string, why: string): LatchkeyError {
  return new LatchkeyError(
    'file/unsafe',
    `the state of the model server in "${path}" cannot be read: ${why}`,
    {
      hint: 'move it away to start anew; jobs of before are then nobody’s, and are not found',
    },
  );
}
