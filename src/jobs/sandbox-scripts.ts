/** Who we are there: home, login, host, one a line. */
export const HELLO = 'cd && pwd -P && id -un && uname -n';

/** Runs the command that submits and keeps what it says, for the answer may never reach us; where there is no room for it, the answer is all there is. */
const SUBMIT_NOW = `said=$("$@"); code=$?
{ printf '%s\\n' "$said" > submitted; } 2>/dev/null
printf '%s\\n' "$said"
exit $code`;

/** What begins the last line on standard error when a sandbox could not be made: nothing was submitted. */
export const UNMADE = 'latchkey: no sandbox,';

/** The sandbox is private and so is what we put there; the job, which inherits the mask of whoever submits it, has its user's. */
const PRIVATE = 'umask=$(umask); umask 077';

function prepareWith(files: string): string {
  return `${PRIVATE}
unmade() { set -- $(df -Pk "$1" 2>/dev/null | tail -n 1); echo "${UNMADE} \${4:-?} kB are free" >&2; exit 1; }
[ -d "$1" ] || mkdir -p "$1" && cd "$1" || unmade "$1"
[ -O . ] || { echo "the sandboxes' directory belongs to somebody else, who could change what jobs run" >&2; unmade .; }
mkdir $3 && cd "$2" || unmade "$1"
${files} || unmade .
[ $# -gt 0 ] || exit 0
umask "$umask"
${SUBMIT_NOW}`;
}

/**
 * Makes the sandbox `$2` below `$1`, with `$3`, all its directories below `$1`, itself first, and with launcher, script and description as `$4`, `$5`, `$6`. The words
 * after that, if there are any, are the command that submits, run at once. Few processes: this is done for every job.
 */
export const PREPARE = prepareWith(
  `printf %s "$4" > launcher && printf %s "$5" > script && printf %s "$6" > job.json && shift 6`,
);

/** The same for files too long to be words: they are the input, and `$4` and `$5` their lines. */
export const PREPARE_LONG = prepareWith(
  `cat > .bundle && head -n "$4" .bundle > launcher && tail -n "+$(($4 + 1))" .bundle | head -n "$5" > script &&
  tail -n "+$(($4 + $5 + 1))" .bundle > job.json && rm .bundle && shift 5`,
);

/** Runs the command that submits, in the sandbox `$1`. */
export const SUBMIT = `cd "$1" || exit 1
shift
${SUBMIT_NOW}`;

/** What the command that submits said, as far as it is known there. */
export const SUBMITTED = 'cat "$1/submitted" 2>/dev/null || :';

/**
 * What is on record of the sandboxes below `$1`: lines of `tag|file|text`, for the begin and end of each task, an empty `cancelled`,
 * and `memory` with what the scheduler wrote when a job had more than it had asked for: Slurm and PBS say so nowhere else where they
 * have no cgroups.
 */
export const RECORDS = `cd "$1" 2>/dev/null || exit 0
shift
for tag; do
  for file in "$tag"/begin "$tag"/end "$tag"/begin.* "$tag"/end.*; do
    { IFS= read -r line < "$file"; } 2>/dev/null && echo "$tag|\${file#*/}|$line"
  done
  [ ! -e "$tag/cancelled" ] || echo "$tag|cancelled|"
  for file in "$tag"/scheduler.err "$tag"/scheduler.err.*; do
    [ -s "$file" ] || continue
    n=0
    while IFS= read -r line && [ $n -lt 200 ]; do
      case $line in *"exceeded memory limit"*|*oom_kill*|*oom-kill*|*"job killed: "*mem*"exceeded limit"*)
        echo "$tag|memory\${file#"$tag/scheduler.err"}|$line"; break;;
      esac
      n=$((n + 1))
    done < "$file"
  done
  [ -d "$tag" ] || echo "$tag|gone|"
done
exit 0`;

/** Marks the sandboxes named before \`--\` as cancelled, then runs the command; takes the marks away when it is refused. */
export const CANCEL = `cd "$1" || exit 1
shift
tags=
while [ "$1" != -- ]; do tags="$tags $1"; shift; done
shift
for tag in $tags; do [ ! -d "$tag" ] || : > "$tag/cancelled"; done
"$@"; code=$?
[ $code = 0 ] || for tag in $tags; do rm -f "$tag/cancelled"; done
exit $code`;

/** Names of sandboxes below `$1` whose submission was answered with something that has `$2` in it. */
export const FIND = `cd "$1" 2>/dev/null || exit 0
grep -lF -e "$2" -- */submitted 2>/dev/null | while IFS= read -r file; do
  echo "=\${file%/submitted}"
  cat "$file"
  echo
done`;

/** The description in the sandbox `$1`. */
export const DESCRIPTION = 'cat "$1/job.json" 2>/dev/null || :';
