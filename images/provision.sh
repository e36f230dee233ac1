#!/bin/sh
# The recipe of the base image, stamp @@STAMP@@: turns a plain Debian 12 into what an image holds. Run as root, in the
# pipeline's own root and in a new container alike; needs sh, dpkg and apt, and whatever is not in the cache it
# downloads by sha256. It may be run again. `--downloads` lists what it would fetch, and does nothing.
# images/README.md is its contract.
set -eu
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

stamp='@@STAMP@@'
node_version='@@NODE_VERSION@@'
mirrors=${HAVERSACK_DEBIAN_MIRRORS:-'@@MIRRORS@@'}
registry=${HAVERSACK_NPM_REGISTRY:-'@@REGISTRY@@'}
runtime_urls=${HAVERSACK_RUNTIME_URLS:-'@@RUNTIME_URLS@@'}
cache=/var/cache/haversack
home=/opt/haversack
proof=/etc/haversack-base.json

# architecture, sha256, size, path at the registry
node_lock() {
  cat << 'LOCK'
@@NODE_LOCK@@
LOCK
}

# architecture, name, version, sha256, size, path below a mirror
debian_lock() {
  cat << 'LOCK'
@@DEBIAN_LOCK@@
LOCK
}

# sha256, size
runtime_lock='@@RUNTIME@@'
# name, id
user='@@USER@@'
named_packages='@@PACKAGES@@'

phase=check
begin() {
  phase=$1
  echo "haversack phase $phase"
}
fail() {
  echo "haversack recipe: $phase: $*" >&2
  exit 1
}

has_sha256() { # file, sha256
  [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$2  -" ]
}

# A mirror's pattern, and a path below it: security updates are an archive of their own.
mirror_url() {
  case $2 in
    pool/updates/*) archive=debian-security ;;
    *) archive=debian ;;
  esac
  case $1 in
    *%a*) echo "${1%%%a*}$archive${1#*%a}/$2" ;;
    *) echo "$1/$2" ;;
  esac
}

urls_of() { # kind, path
  case $1 in
    debian) for mirror in $mirrors; do mirror_url "$mirror" "$2"; done ;;
    node) echo "$registry/$2" ;;
    runtime) for url in $runtime_urls; do echo "$url"; done ;;
  esac
}

# What is needed is a list of lines: kind, sha256, size, path. Each ends up in the cache under its sha256.
fetch() { # file with the list
  round=1
  while :; do
    missing=$work/missing
    : > "$missing"
    while read -r kind hash size path; do
      has_sha256 "$cache/$hash" "$hash" || echo "$kind $hash $size $path" >> "$missing"
    done < "$1"
    [ -s "$missing" ] || return 0
    fetch_round "$round" "$missing" || break
    round=$((round + 1))
  done
  why=$(sed -n 's/^E: Failed to fetch //p' "$work/said" | head -n 1)
  fail "$(wc -l < "$missing") files could not be had, one of them is $(head -n 1 "$missing" | cut -d ' ' -f 4): ${why:-$(tail -n 1 "$work/said")}"
}

# One go at the n-th address of everything that is missing. False: nobody has an n-th one.
fetch_round() { # n, list
  set -- "$1" "$2" "$cache/partial"
  rm -rf "$3"
  mkdir -p "$3"
  count=0
  : > "$work/asked"
  while read -r kind hash size path; do
    url=$(urls_of "$kind" "$path" | sed -n "${1}p")
    [ -n "$url" ] || continue
    count=$((count + 1))
    echo "$url $3/$hash SHA256:$hash" >> "$work/asked"
  done < "$2"
  [ "$count" -gt 0 ] || return 1
  # Words without spaces and quotes: the lock is checked for that.
  # shellcheck disable=SC2046
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
    -o Acquire::https::Timeout=30 download-file $(cat "$work/asked") > "$work/said" 2>&1 || true
  for file in "$3"/*; do
    name=${file##*/}
    # Under its name only when it is whole: what is there is believed by nobody, but looked at by everybody.
    if has_sha256 "$file" "$name"; then mv "$file" "$cache/$name"; fi
  done
  rm -rf "$3"
}

locked_here() {
  debian_lock | while read -r kind rest; do
    case $kind in all | "$arch") echo "$rest" ;; esac
  done
}

version_of() {
  dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2> /dev/null | sed -n 's/^installed //p'
}

# What is absent, or older than in the lock: a newer one has the fixes of an older one.
wanted_packages() {
  dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' | sed -n 's/ installed / /p' > "$work/here"
  locked_here > "$work/locked"
  awk 'NR == FNR { here[$1] = $2; next } !($1 in here) { print "-", $0; next } here[$1] != $2 { print here[$1], $0 }' \
    "$work/here" "$work/locked" | while read -r here name version hash size path; do
    if [ "$here" = - ] || dpkg --compare-versions "$here" lt "$version"; then echo "debian $hash $size $path"; fi
  done
}

install_packages() {
  wanted_packages > "$work/wanted"
  [ -s "$work/wanted" ] || return 0
  fetch "$work/wanted"
  mkdir "$work/debs"
  while read -r kind hash size path; do cp "$cache/$hash" "$work/debs/${path##*/}"; done < "$work/wanted"
  # The order of unpacking is apt's to find; it is given no lists, so it can bring nothing else.
  apt-get -q -y --no-install-recommends -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$work/lists" -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
    -o Dpkg::Options::=--force-unsafe-io install "$work"/debs/*.deb > "$work/apt" 2>&1 \
    || fail "apt ended with $?: $(grep -E '^(E:|dpkg:)' "$work/apt" | head -n 3 | tr '\n' ' ')$(tail -n 1 "$work/apt")"
  left=$(wanted_packages | wc -l)
  [ "$left" -eq 0 ] || fail "$left packages are still not there"
}

node_line() { node_lock | sed -n "s/^$arch //p"; }

install_node() {
  [ "$("$home/bin/node" --version 2> /dev/null)" != "v$node_version" ] || return 0
  node_line | while read -r hash size path; do echo "node $hash $size $path"; done > "$work/node"
  fetch "$work/node"
  mkdir -p "$home/bin"
  tar -xzOf "$cache/$(cut -d ' ' -f 2 "$work/node")" package/bin/node > "$home/bin/node.new"
  chmod 755 "$home/bin/node.new"
  mv "$home/bin/node.new" "$home/bin/node"
  [ "$("$home/bin/node" --version)" = "v$node_version" ] || fail "this is not Node $node_version"
  ln -sf "$home/bin/node" /usr/local/bin/node
}

install_runtime() {
  runtime=${runtime_lock% *}
  [ "$(cat "$home/runtime.sha256" 2> /dev/null)" != "$runtime" ] || return 0
  echo "runtime $runtime_lock runtime.tar.gz" > "$work/runtime"
  if [ -z "$runtime_urls" ] && ! has_sha256 "$cache/$runtime" "$runtime"; then
    fail "the agent runtime $runtime is neither in $cache, nor does HAVERSACK_RUNTIME_URLS say where it is"
  fi
  fetch "$work/runtime"
  rm -rf "$home/packages" "$home/node_modules"
  tar -xzf "$cache/$runtime" --no-same-owner -C "$home"
  ln -sf "$home/bin/init" /sbin/init
  echo "$runtime" > "$home/runtime.sha256"
}

# By hand: useradd writes today's date.
add_user() {
  name=${user% *}
  id=${user#* }
  there=$(sed -n "s/^\([^:]*\):[^:]*:$id:.*/\1/p" /etc/passwd)
  [ "$there" != "$name" ] || return 0
  [ -z "$there" ] || fail "the user id $id belongs to $there"
  echo "$name:x:$id:$id::/tmp:/usr/sbin/nologin" >> /etc/passwd
  echo "$name:x:$id:" >> /etc/group
  echo "$name:*:19000:0:99999:7:::" >> /etc/shadow
  echo "$name:!::" >> /etc/gshadow
}

json_versions() {
  {
    for name in $named_packages; do echo "$name $(version_of "$name")"; done
    echo "debian $(cat /etc/debian_version)"
    echo "node $("$home/bin/node" --version | cut -c 2-)"
    echo "runtime sha256:$(cat "$home/runtime.sha256")"
  } | sort | sed 's/\(.*\) \(.*\)/"\1":"\2"/' | tr '\n' ',' | sed 's/,$//'
}

finish() {
  rm -rf "$cache" /var/cache/apt/archives/*.deb
  printf '{"format":"haversack-base","version":1,"stamp":"%s","recipe":"sha256:%s","arch":"%s","versions":{%s}}\n' \
    "$stamp" "$recipe" "$(echo "$arch" | sed s/amd64/x64/)" "$(json_versions)" > "$proof.new"
  mv "$proof.new" "$proof"
}

downloads() {
  {
    locked_here | while read -r name version hash size path; do echo "debian $hash $size $path"; done
    node_line | while read -r hash size path; do echo "node $hash $size $path"; done
    echo "runtime $runtime_lock runtime.tar.gz"
  } | while read -r kind hash size path; do
    echo "$hash $size $(urls_of "$kind" "$path" | tr '\n' ' ')" | sed 's/ *$//'
  done
}

[ -f "$0" ] || fail "it must be a file that is run, since its digest is its name"
recipe=$(sha256sum < "$0")
recipe=${recipe%% *}
command -v dpkg > /dev/null || fail "there is no dpkg: the recipe is for Debian 12"
arch=$(dpkg --print-architecture)
[ -n "$(node_line)" ] || fail "there is nothing for the architecture $arch; the recipe is for amd64 and arm64"
if [ "${1:-}" = --downloads ]; then
  downloads
  exit 0
fi
begin check
[ "$(id -u)" = 0 ] || fail "it must be run by root, not by user id $(id -u)"
case $(cat /etc/debian_version 2> /dev/null) in
  12.*) ;;
  *) fail "this is not Debian 12 (/etc/debian_version: $(cat /etc/debian_version 2> /dev/null || echo none))" ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache" "$work/lists/partial"
rm -f "$proof.new"

begin packages
install_packages
begin node
install_node
begin runtime
install_runtime
begin user
add_user
begin finish
finish
