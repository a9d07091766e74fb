import { OWNER_FILE } from '../../kit/index.ts';
import type { RunningProgram, Transport } from '../../ssh/index.ts';

/** A directory on another machine, as long as somebody there holds it. */
export interface HeldDirectory {
  readonly path: string;
  /** Removes it; resolves when it is gone, or its holder is. */
  release(): Promise<void>;
}

/**
 * Holds a private directory: a shell over there that does nothing but wait. It removes the directory at the end of its input, which comes
 * when we say so, when this process ends however it does, and when the connection or its sshd goes. First it removes what others of
 * this account have left that could not do so any more: private directories whose mark (see kit/owner-mark.ts) names a process that is
 * gone. A mark in a directory that others may write to is anybody's word.
 *
 * `$1` is the directory to make again, at the same place; whoever held it before leaves it alone then.
 */
const HOLD = `
umask 077
host=$(uname -n); space=$(readlink /proc/self/ns/pid 2>/dev/null) || space=-
boot=-; if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi
begun() {
  if [ -d /proc/self ]; then
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || { [ ! -e "/proc/$1" ] || printf untold; return 0; }
    set -- \${line##*) }; shift 19; printf '%s' "$1"
  elif kill -0 "$1" 2>/dev/null; then printf -; fi
}
sweep() {
  for old in "$1"/latchkey-*; do
    [ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ] && [ -f "$old/${OWNER_FILE}" ] || continue
    case $(ls -ld -- "$old") in drwx------*) ;; *) continue ;; esac
    read -r pid start when where name <"$old/${OWNER_FILE}" || continue
    case $pid in ''|*[!0-9]*) continue ;; esac
    [ "$name" = "$host" ] && [ "$where" = "$space" ] || continue
    if [ "$when" = "$boot" ]; then
      now=$(begun "$pid")
      case $now in "$start"|untold) continue ;; ?*) [ "$start" != - ] || continue ;; esac
    elif [ "$when" = - ] || [ "$boot" = - ]; then continue; fi
    rm -rf -- "$old"
  done
}
directory=$1
if [ -n "$directory" ]; then
  mkdir -m 700 -- "$directory" 2>/dev/null || { [ -d "$directory" ] && [ ! -L "$directory" ] && [ -O "$directory" ]; } || exit 1
else
  for parent in "$XDG_RUNTIME_DIR" "$TMPDIR" /tmp; do
    case $parent in /*) ;; *) continue ;; esac
    [ \${#parent} -lt 60 ] || continue
    sweep "$parent"
    directory=$(mktemp -d "$parent/latchkey-XXXXXX" 2>/dev/null) && break
    directory=
  done
  [ -n "$directory" ] || exit 1
fi
drop() {
  { read -r pid rest <"$directory/${OWNER_FILE}"; } 2>/dev/null
  if [ "$pid" = $$ ]; then rm -rf -- "$directory"; fi
}
trap drop EXIT
trap 'exit 0' HUP INT TERM
printf '%s %s %s %s %s\\n' $$ "$(begun $$)" "$boot" "$space" "$host" >"$directory/${OWNER_FILE}"
printf 'made:%s\\n' "$directory"
while read -r word; do :; done
`;

const HOLD_MS = 20_000;
const RELEASE_MS = 10_000;
const MOST_SAID = 65_536;

/**
 * @param path of a directory that was held before, to be made again; else a new one is made
 * @returns undefined when the machine starts no such program, or it can make none
 */
export async function holdDirectory(machine: Transport, path = ''): Promise<HeldDirectory | undefined> {
  const program = await machine.start(['/bin/sh', '-c', HOLD, 'latchkey-hold', path]).catch(() => undefined);
  if (program === undefined) return undefined;
  program.ended.catch(() => {});
  program.stdin.on('error', () => {});
  program.stderr.resume();
  const made = await madePath(program);
  if (made === undefined) {
    program.stop();
    return undefined;
  }
  return {
    path: made,
    release: async () => {
      program.stdin.end();
      const late = setTimeout(() => program.stop(), RELEASE_MS);
      await program.ended.catch(() => {});
      clearTimeout(late);
    },
  };
}

/** What it says is found by a mark: a login script may print as well. */
function madePath({ stdout, ended }: RunningProgram): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const timer = setTimeout(() => resolve(undefined), HOLD_MS);
    const settle = (path: string | undefined) => {
      clearTimeout(timer);
      resolve(path);
    };
    stdout.on('data', (chunk: Buffer | string) => {
      if (said.length < MOST_SAID) said += chunk.toString();
      const [, path] = /^made:(\/[^\0\n]*)\n/m.exec(said) ?? [];
      if (path !== undefined) settle(path);
    });
    void ended.catch(() => {}).then(() => settle(undefined));
  });
}
