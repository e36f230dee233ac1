# What the starters of container engines share: they source it with the arguments `start DIR` or `stop DIR`.
# shellcheck shell=bash
command=${1:-}
dir=${2:-}
case $command in start | stop) ;; *) dir="" ;; esac
if [ -z "$dir" ]; then
  echo "usage: $0 start DIR | stop DIR" >&2
  exit 2
fi
if [ "$command" = stop ] && [ ! -d "$dir" ]; then exit 0; fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
# The path of a socket has 108 bytes.
if [ ${#dir} -gt 70 ]; then
  echo "$0: $dir is too long for the path of a socket: at most 70 characters" >&2
  exit 2
fi

is_alive() { # pid
  [ -n "$1" ] && [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2> /dev/null
}

did_not_come_up() {
  tail -n 20 "$dir/log" >&2 || true
  echo "$0: it did not come up" >&2
  exit 1
}

wait_for_answer() { # pid, socket
  for _ in $(seq 200); do
    if curl -sf --max-time 2 --unix-socket "$2" http://engine/_ping > /dev/null; then return 0; fi
    is_alive "$1" || break
    sleep 0.1
  done
  did_not_come_up
}

end_process() { # pid, seconds until it is killed
  is_alive "$1" || return 0
  kill "$1" 2> /dev/null || true
  for _ in $(seq $(($2 * 10))); do
    is_alive "$1" || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2> /dev/null || true
}

# Bridges outlive their engines, and each keeps a range of addresses from the engines that come after it.
remove_bridges() { # names
  local bridge
  for bridge in "$@"; do
    if [ -d "/sys/class/net/$bridge/bridge" ]; then ip link delete "$bridge" || true; fi
  done
}

remove_folder() {
  awk -v root="$dir/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount -l || true
  rm -rf --one-file-system "$dir"
}
