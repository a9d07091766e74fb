/**
 * A script that ends what a kept shell is running just now: `$1` = process id of that shell, `$2` = seconds between TERM and KILL.
 *
 * Where /proc tells, that is: the shell's children and all below them, and those of its session that lost their parent and began
 * after the command did (the kernel counts hundredths of a second, so that the process id decides between equals). What an earlier command left running on purpose is older, and stays. Elsewhere: children and all below.
 */
export const END_COMMAND_SCRIPT = `
PATH=/usr/local/bin:/usr/bin:/bin:$PATH
victims() {
  if [ -r "/proc/$1/stat" ]; then
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) / x /' | awk -v L="$1" '
      NF >= 22 { p[$1] = $4; s[$1] = $6; b[$1] = $22; z[$1] = $3 }
      END {
        first = -1
        for (i in p) if (p[i] == L) { v[i] = 1; if (first < 0 || b[i] + 0 < first) { first = b[i] + 0; own = i + 0 } }
        if (first < 0) exit
        do {
          n = 0
          for (i in p) if (!(i in v) && i != L) {
            if (p[i] in v) { v[i] = 1; n = 1 }
            else if (s[i] == s[L] && (b[i] + 0 > first || (b[i] + 0 == first && i + 0 > own)) && !((p[i] in p) && s[p[i]] == s[L])) { v[i] = 1; n = 1 }
          }
        } while (n)
        for (i in v) if (z[i] != "Z") print i
      }'
  else
    ps -A -o pid= -o ppid= | awk -v L="$1" '
      { p[$1] = $2 }
      END {
        for (i in p) if (p[i] == L) v[i] = 1
        do { n = 0; for (i in p) if (!(i in v) && (p[i] in v)) { v[i] = 1; n = 1 } } while (n)
        for (i in v) print i
      }'
  fi
}
# Those that are left after so many tenths of a second; what only waits to be reaped is gone.
await() {
  n=$1
  while :; do
    left=
    for i in $all; do
      kill -0 "$i" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$i/status" 2>/dev/null && left="$left $i"
    done
    [ -n "$left" ] && [ $n -gt 0 ] || return
    sleep 0.1 2>/dev/null || sleep 1
    n=$((n - 1))
  done
}
all=$(victims "$1")
[ -n "$all" ] || exit 0
kill -TERM $all 2>/dev/null
kill -CONT $all 2>/dev/null
await $(($2 * 10))
[ -n "$left" ] || exit 0
all="$left $(victims "$1")"
kill -KILL $all 2>/dev/null
await 10
exit 0
`;
