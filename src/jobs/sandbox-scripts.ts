/** Who we are there: home, login, host, one a line. */
export const HELLO = 'cd && pwd -P && id -un && uname -n';

/**
 * Makes the sandbox `$2` below `$1`, with the files that come as input: `$3` lines of launcher, `$4` of script, then the
 * description. The words after `$6`, if there are any, are the command that submits, run at once; `$5` says that
 * credentials will come, and `$6` that the program starts in the sandbox.
 */
export const PREPARE = `umask 077
mkdir -p "$1" && mkdir "$1/$2" && cd "$1/$2" || exit 1
[ "$5" = no ] || mkdir credentials credentials/condor || exit 1
[ "$6" = no ] || mkdir work || exit 1
cat > .bundle && head -n "$3" .bundle > launcher && tail -n "+$(($3 + 1))" .bundle | head -n "$4" > script &&
  tail -n "+$(($3 + $4 + 1))" .bundle > job.json && rm .bundle || exit 1
shift 6
[ $# -gt 0 ] || exit 0
"$@" > submitted; code=$?
cat submitted
exit $code`;

/** Runs the command that submits, in the sandbox `$1`, and keeps what it says: the answer may never reach us. */
export const SUBMIT = `umask 077
cd "$1" || exit 1
shift
"$@" > submitted; code=$?
cat submitted
exit $code`;

/** What the command that submits said, as far as it is known there. */
export const SUBMITTED = 'cat "$1/submitted" 2>/dev/null || :';

/**
 * What is on record of the sandboxes below `$1`: lines of `tag|file|text`, for the begin and end of each task, and an
 * empty `cancelled`.
 */
export const RECORDS = `cd "$1" 2>/dev/null || exit 0
shift
for tag; do
  for file in "$tag"/begin "$tag"/end "$tag"/begin.* "$tag"/end.*; do
    { IFS= read -r line < "$file"; } 2>/dev/null && echo "$tag|\${file#*/}|$line"
  done
  [ ! -e "$tag/cancelled" ] || echo "$tag|cancelled|"
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
