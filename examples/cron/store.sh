#!/usr/bin/env bash
# Once a week, by hand or wherever your certificate is: stores two credentials for the work that runs without you.
#
#   retriever mode   a cron job asks with a user name and a pass phrase; it needs no certificate of its own
#   renewer mode     a job service shows the proxy that is about to expire, and who it is itself
#
# Needs MYPROXY_SERVER, your certificate (~/.globus or X509_USER_CERT and X509_USER_KEY), and
#   PASS_FILE   a file only you can read: the MyProxy pass phrase, which is not that of your certificate
#   RENEWER     the DN of the job service that may renew
set -euo pipefail

# The pass phrase of your key is asked for once, here, on the terminal: the calls below use this proxy, which is gone at the end.
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
grid-proxy-init -q -valid 169:00 -out "$own/proxy"
export X509_USER_CERT="$own/proxy" X509_USER_KEY="$own/proxy"

# -a: whoever knows user name and pass phrase may retrieve.  -c: stored for a week.  -t: proxies of 12 hours from it.
# -S: the pass phrase comes from standard input.
myproxy-init -S -a -c 168 -t 12 -l "$LOGNAME" -k cron < "$PASS_FILE"

# -d: stored under your DN.  -n: no pass phrase.  -x -R: this DN, exactly, may renew.
myproxy-init -d -n -c 168 -t 12 -x -R "$RENEWER" -k renewal

myproxy-info -l "$LOGNAME"
myproxy-info -d
