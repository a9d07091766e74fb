import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { LatchkeyError } from '../../kit/index.ts';
import type { Transport } from '../../ssh/index.ts';

/** A directory that only its owner can enter, for the sockets of links; sockets in it have short names. */
export interface SocketDirectory {
  /** A path in it that was not given before. */
  next(): string;
  /** Removes it with what is in it; idempotent. */
  remove(): Promise<void>;
}

/** `sun_path` has 108 bytes with the NUL, and ssh first makes a socket here with 17 more behind its name. */
const LONGEST_PATH = 107 - 17;

export async function socketDirectoryHere(env: NodeJS.ProcessEnv = process.env): Promise<SocketDirectory> {
  let cause: unknown;
  for (const parent of [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp']) {
    if (!parent?.startsWith('/') || parent.length > LONGEST_PATH - '/latchkey-XXXXXX/l0000'.length) continue;
    try {
      const directory = await mkdtemp(join(parent, 'latchkey-'));
      return named(directory, async () => await rm(directory, { recursive: true, force: true }));
    } catch (error) {
      cause = error;
    }
  }
  throw new LatchkeyError('file/io', 'no private directory can be made for the sockets of links', {
    hint: 'is the directory for temporary files writable, and its path short?',
    cause,
  });
}

/** mktemp makes 0700 whatever the umask; the path is printed with a mark, for a login script may print as well. */
const MAKE = `
for parent in "$XDG_RUNTIME_DIR" "$TMPDIR" /tmp; do
  case $parent in /*) ;; *) continue ;; esac
  [ \${#parent} -lt 60 ] || continue
  directory=$(mktemp -d "$parent/latchkey-XXXXXX" 2>/dev/null) && printf 'made:%s\\n' "$directory" && exit 0
done
exit 1
`;
const REMOVE = 'case $1 in */latchkey-??????) rm -rf -- "$1" ;; esac';

export async function socketDirectoryThere(machine: Transport): Promise<SocketDirectory> {
  const made = await machine.script(MAKE, []);
  const directory = /^made:(\/[^\0\n]*)$/m.exec(made.stdout.toString())?.[1];
  if (made.exitCode !== 0 || directory === undefined) {
    throw new LatchkeyError('file/io', `no private directory can be made on ${machine.description}`, {
      hint: 'is /tmp writable there?',
    });
  }
  return named(directory, async () => {
    await machine.script(REMOVE, [directory], { timeoutMs: 10_000 });
  });
}

function named(directory: string, removeIt: () => Promise<void>): SocketDirectory {
  let count = 0;
  let removing: Promise<void> | undefined;
  return {
    next: () => {
      count += 1;
      return posix.join(directory, `l${count}`);
    },
    remove: () => {
      removing ??= removeIt();
      return removing;
    },
  };
}
