import { PROCESS_MARK } from './process-mark.ts';

/** Starts the launcher in a session of its own and waits until it has begun. `$1` is the sandbox, `$2` the id. */
export const SUBMIT = `command -v setsid > /dev/null || { echo "there is no setsid on this machine" >&2; exit 127; }
# Without "&": what a shell starts with it ignores interrupts for ever.
setsid -f /bin/sh "$1/launcher" < /dev/null > /dev/null 2> "$1/launcher.err" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
n=0
while [ ! -e "$1/program" ] && [ ! -e "$1/end" ] && [ $n -lt 500 ]; do sleep 0.01 || sleep 1; n=$((n + 1)); done
[ -e "$1/begin" ] || { cat "$1/launcher.err" >&2; echo "the launcher did not begin" >&2; exit 1; }
echo "started $2"`;

/** The others: `$1` is the root, what follows are ids. */
const EACH = `${PROCESS_MARK}
cd "$1" || exit 1
shift
same() { { read -r pid was < "$id/program"; } 2>/dev/null && mark "$pid" && [ "$mark" = "$was" ]; }`;

/** One line a job: `id|word|begin|end`. Of what has neither an end nor a process there is none. */
export const QUERY = `${EACH}
for id; do
  begin= end= is=
  if { IFS= read -r begin < "$id/begin"; } 2>/dev/null; then
    if [ ! -e "$id/end" ]; then
      if same; then
        is=running; [ "$alive" != T ] || is=suspended
      else
        set -- $begin
        if mark "$2" && [ "$mark" = "$3" ]; then is=running; fi
      fi
    fi
    # It may have ended between two looks.
    if [ -z "$is" ] && { IFS= read -r end < "$id/end"; } 2>/dev/null; then
      is=ended; [ ! -e "$id/cancelled" ] || is=cancelled
    fi
  elif [ -d "$id/begun" ]; then is=pending; fi
  # The job can write there: no echo, which would make lines of its backslashes, and nothing long.
  [ "\${#begin}" -le 1000 ] || begin=
  [ "\${#end}" -le 1000 ] || end=
  [ -z "$is" ] || printf '%s|%s|%s|%s\\n' "$id" "$is" "$begin" "$end"
done`;

/** The launcher lives on, to tell the end. The program, if it has just begun, finds the mark of the cancel itself. */
export function cancelScript(graceSeconds: number): string {
  return `${EACH}
for id; do
  [ -d "$id" ] || continue
  : > "$id/cancelled"
  [ ! -e "$id/end" ] && same || continue
  kill -s TERM -- "-$pid"; kill -s CONT -- "-$pid"
  setsid /bin/sh -c 'sleep "$4"; eval "$3"; mark "$1" && [ "$mark" = "$2" ] && kill -s KILL -- "-$1"' latchkey \\
    "$pid" "$was" '${PROCESS_MARK}' ${graceSeconds} < /dev/null > /dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
done
exit 0`;
}

/** Reaches the program's whole group, when it is still the same program; returns when it has stopped, or goes on. */
export function signalScript(signal: string): string {
  return `${EACH}
# A busy machine stops a process some time after it was told to.
settled() {
  same || return 0
  case ${signal} in STOP) [ "$alive" = T ];; CONT) [ "$alive" != T ];; *) :;; esac
}
failed=0
for id; do
  if same; then
    kill -s ${signal} -- "-$pid" || failed=1
    n=0
    while ! settled && [ $n -lt 200 ]; do sleep 0.01 || sleep 1; n=$((n + 1)); done
  else echo "$id has no process" >&2; failed=1; fi
done
exit $failed`;
}

export const FIND = '[ ! -d "$1/$2/begun" ] || echo "$2"';
export const LIST = `cd "$1" 2>/dev/null || exit 0
for id in */begun; do [ ! -d "$id" ] || echo "\${id%/begun}"; done`;
