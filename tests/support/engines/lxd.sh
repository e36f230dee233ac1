#!/usr/bin/env bash
# An LXD for tests. Needs root, lxd 5 and dnsmasq, no systemd.
#   lxd.sh start DIR    starts it with all its state below DIR: one pool of folders, and a bridge that leads nowhere but to
#                       this host, whose own network stays as it is; prints its socket
#   lxd.sh stop DIR     stops containers and daemon, unmounts what they left, removes DIR
set -euo pipefail
# shellcheck source=tests/support/engines/shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

# Of this daemon only: a name of at most 15 characters, and addresses that are kept for measurements (RFC 2544).
number=$(cksum <<< "$dir" | cut -d ' ' -f 1)
bridge=hvlxd$number
address=198.18.$((number % 256)).1/24

start() {
  # Its containers run under mapped ids, and have to reach their root file system.
  chmod 711 "$dir"
  mkdir -p "$dir/var"
  export LXD_DIR=$dir/var
  nohup lxd --group root --logfile "$dir/log" > "$dir/out" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  lxd waitready --timeout=30 || did_not_come_up
  lxd init --preseed > "$dir/init" 2>&1 << PRESEED || did_not_come_up
storage_pools:
- {name: default, driver: dir}
networks:
- name: $bridge
  type: bridge
  config: {ipv4.address: $address, ipv6.address: none, ipv4.nat: "false", ipv4.firewall: "false", ipv4.routing: "false",
    ipv6.firewall: "false"}
profiles:
- name: default
  devices:
    root: {path: /, pool: default, type: disk}
    eth0: {name: eth0, network: $bridge, type: nic}
PRESEED
  echo "$dir/var/unix.socket"
}

stop() {
  local daemon
  daemon=$(cat "$dir/pid" 2> /dev/null)
  if is_alive "$daemon"; then LXD_DIR=$dir/var timeout 60 lxd shutdown || true; fi
  end_process "$daemon" 5
  # What serves its addresses outlives it, and so does the bridge.
  if [ -f "$dir/var/networks/$bridge/dnsmasq.pid" ]; then
    end_process "$(sed -n 's/^pid: //p' "$dir/var/networks/$bridge/dnsmasq.pid")" 5
  fi
  if [ -e "/sys/class/net/$bridge" ]; then ip link delete "$bridge"; fi
  remove_folder
}

"$command"
