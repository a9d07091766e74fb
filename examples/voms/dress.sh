#!/usr/bin/env bash
# A cron job's first lines: a fresh proxy from the MyProxy server, then the attributes of a virtual organisation.
# The week-long credential was stored with examples/cron/store.sh, or:   myproxy-init -a
#
# Needs MYPROXY_SERVER, LOGNAME, PASS_FILE (the MyProxy pass phrase), X509_USER_PROXY (the file your work reads) and
#   VO   the organisation, or VO:/vo/group/Role=name; its server is a line of ~/.voms/vomses or of the file X509_VOMSES
set -euo pipefail

[ "$(stat -c %a "$PASS_FILE")" = 600 ] || { echo "dress: $PASS_FILE must be readable by you alone (chmod 600)" >&2; exit 1; }

# Your work goes on with the old proxy until the new one has everything.
new="$X509_USER_PROXY.new"
trap 'rm -f "$new"' EXIT

# As it is written in the books: retrieve, then dress. An hour less than was retrieved, so that the proxy is never the shorter one.
X509_USER_PROXY="$new" myproxy-get-delegation -S -t 12 -l "$LOGNAME" < "$PASS_FILE"
X509_USER_PROXY="$new" voms-proxy-init -q -noregen -valid 11:00 -voms "$VO"
mv "$new" "$X509_USER_PROXY"
