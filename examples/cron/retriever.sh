#!/usr/bin/env bash
# A cron job's first lines: a fresh 12-hour proxy, without a certificate and without a terminal.
# In crontab, below the variables (README.md):   0 */6 * * *   retriever.sh && your-work
#
# Needs MYPROXY_SERVER, LOGNAME, PASS_FILE (as in store.sh) and X509_USER_PROXY, the file your work reads.
set -euo pipefail

[ "$(stat -c %a "$PASS_FILE")" = 600 ] || { echo "retriever: $PASS_FILE must be readable by you alone (chmod 600)" >&2; exit 1; }

# cron starts jobs with next to no environment: no certificate, so the request is anonymous.
myproxy-get-delegation -S -t 12 -l "$LOGNAME" -k cron -o "$X509_USER_PROXY" < "$PASS_FILE"
grid-proxy-info -exists -valid 1:00
