#!/usr/bin/env bash
# What a job service does shortly before a user's proxy expires: it shows that proxy (-a), speaks as itself
# (its own certificate), and gets the next one. Nobody types anything, no pass phrase exists (-n).
#
# Needs MYPROXY_SERVER, the service's X509_USER_CERT and X509_USER_KEY, and
#   JOB_PROXY   the user's proxy; it is replaced by the new one
set -euo pipefail

# -d: the user name is the DN of the proxy being renewed.
myproxy-logon -n -d -a "$JOB_PROXY" -t 12 -k renewal -o "$JOB_PROXY.new"
mv "$JOB_PROXY.new" "$JOB_PROXY"
grid-proxy-info -file "$JOB_PROXY" -exists -valid 1:00
