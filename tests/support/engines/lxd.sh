#!/usr/bin/env bash
# An LXD for tests. Needs root and lxd 5, no systemd.
#   lxd.sh start DIR    starts it with all its state below DIR: one pool of folders, no network; prints its socket
#   lxd.sh stop DIR     stops containers and daemon, unmounts what they left, removes DIR
set -euo pipefail
# shellcheck source=tests/support/engines/shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

start() {
  # Its containers run under mapped ids, and have to reach their root file system.
  chmod 711 "$dir"
  mkdir -p "$dir/var"
  export LXD_DIR=$dir/var
  nohup lxd --group root --logfile "$dir/log" > "$dir/out" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  lxd waitready --timeout=30 || did_not_come_up
  lxd init --preseed > "$dir/init" 2>&1 << 'PRESEED' || did_not_come_up
storage_pools:
- {name: default, driver: dir}
profiles:
- name: default
  devices:
    root: {path: /, pool: default, type: disk}
PRESEED
  echo "$dir/var/unix.socket"
}

stop() {
  local daemon
  daemon=$(cat "$dir/pid" 2> /dev/null)
  if is_alive "$daemon"; then LXD_DIR=$dir/var timeout 60 lxd shutdown || true; fi
  end_process "$daemon" 5
  remove_folder
}

"$command"
