import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError, makePrivateDirectory, removeWhenWeEnd } from '../../kit/index.ts';
import type { SshConnection, Transport } from '../../ssh/index.ts';
import { type HeldDirectory, holdDirectory } from './held-directory.ts';

/** A directory that only its owner can enter, for the sockets of links; sockets in it have short names. */
export interface SocketDirectory {
  /** A path in it that was not given before. */
  next(): string;
  /** Removes it with what is in it; idempotent. */
  remove(): Promise<void>;
}

/** `sun_path` has 108 bytes with the NUL, and ssh first makes a socket here with 17 more behind its name. */
const LONGEST_PATH = 107 - 17;
const RELEASE_MS = 5000;

export async function socketDirectoryHere(env: NodeJS.ProcessEnv = process.env): Promise<SocketDirectory> {
  let cause: unknown;
  for (const parent of [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp']) {
    if (!parent?.startsWith('/') || parent.length > LONGEST_PATH - '/latchkey-XXXXXX/l0000'.length) continue;
    try {
      const directory = await makePrivateDirectory(parent);
      const callOff = removeWhenWeEnd(directory);
      return named(directory, async () => {
        await rm(directory, { recursive: true, force: true });
        callOff();
      });
    } catch (error) {
      cause = error;
    }
  }
  throw new LatchkeyError('file/io', 'no private directory can be made for the sockets of links', {
    hint: 'is the directory for temporary files writable, and its path short?',
    cause,
  });
}

/**
 * On another machine somebody of ours holds it, and removes it when this process is gone, or the way to it; a connection that comes back has
 * it made again at the same place. Where the account allows no session for that, it is only made: then nobody removes it but we.
 */
export async function socketDirectoryThere(
  machine: Transport & Pick<SshConnection, 'subscribe'>,
): Promise<SocketDirectory> {
  const first = await holdDirectory(machine);
  if (first === undefined) return await unheldDirectory(machine);
  const { path } = first;
  let holding: Promise<HeldDirectory | undefined> = Promise.resolve(first);
  const stop = machine.subscribe(({ state }) => {
    if (state === 'ready') holding = holding.then(() => holdDirectory(machine, path));
  });
  return named(path, async () => {
    stop();
    // One that is just being made again, on a machine that does not answer, is not waited for: it goes with its connection.
    const held = await Promise.race([holding, delay(RELEASE_MS, undefined, { ref: false })]);
    await held?.release();
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

async function unheldDirectory(machine: Transport): Promise<SocketDirectory> {
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
