#!/usr/bin/env bash
# A dockerd for tests. Needs root and docker.io, no systemd.
#   docker.sh start DIR    starts it with all its state below DIR, prints the address of its socket
#   docker.sh stop DIR     stops it, unmounts what it left, removes DIR
set -euo pipefail
# shellcheck source=tests/support/engines/shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

start() {
  forget_killed
  # No bridge, no iptables, no forwarding: the host's network stays as it is. Networks none, host and user-defined ones
  # work; the default bridge does not, and what is published is reached by loopback. Their addresses are kept for
  # measurements (RFC 2544): there are a thousand ranges, where by default there are thirty for all engines of a host.
  nohup dockerd -H "unix://$dir/docker.sock" --data-root "$dir/data" --exec-root "$dir/exec" \
    --pidfile "$dir/pid" --bridge=none --iptables=false --ip6tables=false --ip-forward=false \
    --default-address-pool base=198.19.0.0/16,size=26 \
    --storage-driver=overlay2 --shutdown-timeout 5 --log-level=warn > "$dir/log" 2>&1 < /dev/null &
  wait_for_answer $! "$dir/docker.sock"
  echo "unix://$dir/docker.sock"
}

# It refuses to start beside a file with the number of a process, and waits for a containerd whose number it finds, though
# either may be long dead.
forget_killed() {
  local file
  for file in "$dir/pid" "$dir/exec/containerd/containerd.pid"; do
    for _ in $(seq 50); do
      is_alive "$(cat "$file" 2> /dev/null)" || break
      sleep 0.1
    done
    rm -f "$file"
  done
}

bridges() {
  curl -sf --max-time 5 --unix-socket "$dir/docker.sock" http://engine/networks |
    grep -oE '"Id":"[0-9a-f]{64}"' | cut -d '"' -f 4 | cut -c 1-12 | sed 's/^/br-/'
}

stop() {
  local left
  left=$(bridges) || true
  end_process "$(cat "$dir/pid" 2> /dev/null)" 15
  # shellcheck disable=SC2086
  remove_bridges $left
  # Where it was killed, this one is left.
  end_process "$(cat "$dir/exec/containerd/containerd.pid" 2> /dev/null)" 5
  remove_folder
}

"$command"
