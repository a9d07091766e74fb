#!/usr/bin/env bash
# The same as dress.sh in one step: nothing is written when the attributes are refused.
#
# Needs MYPROXY_SERVER, LOGNAME, PASS_FILE, X509_USER_PROXY and VO.
set -euo pipefail

[ "$(stat -c %a "$PASS_FILE")" = 600 ] || { echo "dress: $PASS_FILE must be readable by you alone (chmod 600)" >&2; exit 1; }

myproxy-logon -q -S -t 12 -l "$LOGNAME" --voms "$VO" -o "$X509_USER_PROXY" < "$PASS_FILE"
