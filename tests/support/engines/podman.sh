#!/usr/bin/env bash
# The API service of Podman for tests. Needs root, podman and runc, no systemd. Networks of containers leave
# ip_forward=1 and chains of iptables behind.
#   podman.sh start DIR    starts it with all its state below DIR, prints the address of its socket
#   podman.sh stop DIR     removes its containers, stops it, unmounts what it left, removes DIR
set -euo pipefail
# shellcheck source=tests/support/engines/shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

write_settings() {
  # It asks for 1,048,576 files by default and fails where the hard limit is lower; crun refuses hybrid cgroups.
  local files
  files=$(ulimit -Hn)
  if [ "$files" = unlimited ] || [ "$files" -gt 16384 ]; then files=16384; fi
  cat > "$dir/containers.conf" << SETTINGS
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=16384:16384"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
image_copy_tmp_dir = "$dir/tmp"
[network]
network_config_dir = "$dir/networks"
SETTINGS
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/root"\nrunroot = "%s/run"\n' "$dir" "$dir" > "$dir/storage.conf"
  # The registries of the tests: loopback, any port, no TLS.
  printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' > "$dir/registries.conf"
}

start() {
  mkdir -p "$dir/tmp" "$dir/networks"
  write_settings
  CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf \
    CONTAINERS_REGISTRIES_CONF=$dir/registries.conf TMPDIR=$dir/tmp \
    nohup podman system service --time=0 "unix://$dir/podman.sock" > "$dir/log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  wait_for_answer $! "$dir/podman.sock"
  echo "unix://$dir/podman.sock"
}

# Containers outlive the service: each has a monitor process of its own.
remove_containers() {
  local id
  local api=(curl -sf --unix-socket "$dir/podman.sock")
  for id in $("${api[@]}" --max-time 5 'http://engine/v4.0.0/libpod/containers/json?all=true' |
    grep -oE '"Id":"[0-9a-f]{64}"' | cut -d '"' -f 4); do
    "${api[@]}" --max-time 30 -X DELETE "http://engine/v4.0.0/libpod/containers/$id?force=true&timeout=1" > /dev/null || true
  done
}

# One for each command that was run in a container: it stays for five minutes, and then calls a podman that makes the folder anew.
end_monitors() {
  local process
  for process in /proc/[0-9]*; do
    if { tr '\0' ' ' < "$process/cmdline"; } 2> /dev/null | grep -qE "^[^ ]*(conmon|podman) .*$dir/"; then
      end_process "${process#/proc/}" 2
    fi
  done
}

stop() {
  remove_containers || true
  end_process "$(cat "$dir/pid" 2> /dev/null)" 5
  end_monitors || true
  # shellcheck disable=SC2046
  remove_bridges $(grep -ho '"bridge": *"[^"]*"' "$dir/networks"/*.conflist 2> /dev/null | cut -d '"' -f 4)
  remove_folder
}

"$command"
