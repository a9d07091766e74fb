#!/usr/bin/env bash
# Three hosts on one machine, for the example: `steering` reaches `thermal` and `mechanical` over ssh; those two cannot reach each other.
#
#   unshare --net --mount bash hosts.sh DIR COMMAND...
#
# Each host is a network namespace with a loopback of its own; `thermal` and `mechanical` have a real sshd. COMMAND runs on `steering`, with
# LATCHKEY_SSH_CONFIG and LATCHKEY_KNOWN_HOSTS naming the files it needs and ON_THERMAL, ON_MECHANICAL the words that run a program there.
# Everything is inside one network namespace that has no way out, and is gone when COMMAND ends. DIR, new and private, is left to the caller.
set -euo pipefail

lab=$1
shift
mkdir -m 700 -p "$lab"
trap 'down' EXIT
trap 'exit 130' INT TERM

# A private /run/netns and /etc/netns: names of ours meet nobody else's.
ours() {
  mkdir -p "$1"
  mount -t tmpfs none "$1"
}

up() {
  ours /run/netns
  [ -d /run/sshd ] || mkdir -m 755 /run/sshd
  ip link set lo up
  for host in steering thermal mechanical; do
    ip netns add "$host"
    ip -n "$host" link set lo up
    ip netns exec "$host" sysctl -qw net.ipv4.ip_forward=0
  done
  link steering s-thermal 10.77.1.1 thermal 10.77.1.2
  link steering s-mech 10.77.2.1 mechanical 10.77.2.3
  keys
  sshd_on thermal 10.77.1.2
  sshd_on mechanical 10.77.2.3
}

# link HOST INTERFACE ADDRESS OTHER ADDRESS
link() {
  ip link add "$2" netns "$1" type veth peer name uplink netns "$4"
  ip -n "$1" addr add "$3/24" dev "$2"
  ip -n "$4" addr add "$5/24" dev uplink
  ip -n "$1" link set "$2" up
  ip -n "$4" link set uplink up
}

keys() {
  for key in user thermal mechanical; do
    ssh-keygen -q -t ed25519 -N '' -C "$key, for this run only" -f "$lab/$key"
  done
  printf 'thermal %s\nmechanical %s\n' "$(cut -d' ' -f1,2 "$lab/thermal.pub")" "$(cut -d' ' -f1,2 "$lab/mechanical.pub")" > "$lab/known_hosts"
  cat > "$lab/ssh_config" <<END
Host thermal
  HostName 10.77.1.2
  HostKeyAlias thermal
Host mechanical
  HostName 10.77.2.3
  HostKeyAlias mechanical
Host *
  User $(id -un)
  IdentityFile $lab/user
  IdentitiesOnly yes
  UserKnownHostsFile $lab/known_hosts
END
}

# sshd_on HOST ADDRESS
sshd_on() {
  cat > "$lab/sshd-$1.conf" <<END
ListenAddress $2
HostKey $lab/$1
PidFile $lab/sshd-$1.pid
AuthorizedKeysFile $lab/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
END
  ip netns exec "$1" /usr/sbin/sshd -f "$lab/sshd-$1.conf" -E "$lab/sshd-$1.log"
  for _ in $(seq 200); do
    [ -s "$lab/sshd-$1.pid" ] && return
    sleep 0.02
  done
  echo "hosts.sh: the sshd of $1 did not start:" >&2
  cat "$lab/sshd-$1.log" >&2
  return 1
}

# Ends what is left in the three namespaces, and only that: they are ours. First it is asked to, so that it puts its things away.
down() {
  set +e
  signal_all TERM
  for _ in $(seq 60); do
    [ -n "$(pids)" ] || break
    sleep 0.05
  done
  signal_all KILL
  for host in steering thermal mechanical; do ip netns del "$host"; done
  umount /run/netns
}

pids() {
  for host in steering thermal mechanical; do ip netns pids "$host" 2> /dev/null; done
}

signal_all() {
  for pid in $(pids); do
    [ "$pid" -gt 1 ] && [ "$pid" != $$ ] && kill "-$1" "$pid" 2> /dev/null
  done
}

[ "$(readlink /proc/self/ns/net)" != "$(readlink /proc/1/ns/net)" ] || {
  echo 'hosts.sh: run it by unshare --net --mount bash hosts.sh ...' >&2
  exit 2
}
up
export LATCHKEY_SSH_CONFIG="$lab/ssh_config" LATCHKEY_KNOWN_HOSTS="$lab/known_hosts"
export ON_THERMAL='ip netns exec thermal' ON_MECHANICAL='ip netns exec mechanical'
ip netns exec steering "$@"
