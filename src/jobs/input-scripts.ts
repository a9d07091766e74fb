/** Lines of the launcher around a program whose standard input comes from us while it runs. */
export interface InputLines {
  /** Before the program: its pipe, and a guard over that. */
  readonly before: readonly string[];
  /** After it. */
  readonly after: readonly string[];
  /** What the launcher does when it is called as the guard. */
  readonly guard: readonly string[];
}

/**
 * The guard holds the writing end of the program's pipe, so that a sender who is cut off does not look like the end of the input: the program
 * gets that only when the sender has said that it was the whole. When the sender goes without that word, the program is ended.
 *
 * @param graceSeconds between TERM and KILL
 */
export function inputLines(graceSeconds: number): InputLines {
  return {
    before: [
      '(umask 077 && mkfifo "$D/in" "$D/in.say") || {',
      '  echo "latchkey: no pipe for the standard input can be made in $D; --no-stdin goes without" > "$D/err$T"',
      '  gone; record "end$T" "$(date +%s) 125 0 -"; exit 125',
      '}',
      'setsid /bin/sh "$0" guard < /dev/null > /dev/null 2>&1 & guard=$!',
    ],
    after: [
      'kill -s KILL -- "-$guard" 2>/dev/null || kill -s KILL "$guard" 2>/dev/null',
      'rm -f "$D/in" "$D/in.say"',
    ],
    guard: [
      'exec 3> "$D/in"',
      'read -r word < "$D/in.say" && [ "$word" = whole ] && exit 0',
      ': > "$D/input-cut"',
      'read -r pid mark < "$D/program" && was=$mark && mark "$pid" && [ "$mark" = "$was" ] || exit 0',
      'kill -s TERM -- "-$pid"; kill -s CONT -- "-$pid"',
      `sleep ${graceSeconds}`,
      'mark "$pid" && [ "$mark" = "$was" ] && kill -s KILL -- "-$pid"',
      'exit 0',
    ],
  };
}

/**
 * Passes its own input on to the program of the sandbox `$1`, says `read` and its process when that has ended, and waits to be told that it was
 * whole: an input that ends because the connection did looks just like it. A program that reads no more has had all it wanted, also when it has
 * ended, and the guard with it.
 */
export const FEED = `trap '' PIPE
cd "$1" && exec 3> in 4> in.say || exit 0
cat >&3 2>/dev/null || { echo whole >&4; exit 0; } 2>/dev/null
exec 3>&-
echo "read $$" && exec sleep 30`;

/** It was whole. `$1` is the sandbox, `$2` the sender, if there is one. Waits for the guard, which may just have begun. */
export const WHOLE = `trap '' PIPE
cd "$1" && [ -p in.say ] || exit 0
echo whole 2>/dev/null > in.say
[ -z "$2" ] || kill "$2"
exit 0`;
