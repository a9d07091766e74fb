/**
 * Shell: `mark PID` sets `mark` to when the process began (ticks since the start of the machine) and `alive` to its state's
 * letter; fails when there is none, or only a zombie. The same PID with another mark is another process.
 */
export const PROCESS_MARK = `mark() {
  mark=- alive=
  { IFS= read -r alive < "/proc/$1/stat"; } 2>/dev/null || return 1
  set -- \${alive##*) }
  alive=$1
  shift 19
  mark=$1
  [ "$alive" != Z ]
}`;
