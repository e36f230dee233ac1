#!/bin/sh
# Installs haversack as a systemd service on Linux (x64, arm64), or removes it. Running it again changes what has changed.
set -eu

usage() {
  cat <<'END'
usage: scripts/install.sh --coordinator | --worker [options]

  --coordinator         install the coordinator
  --worker              install a worker
  --source PATH         what to install: a folder or a .tar.gz of it (default: the folder of this script)
  --prefix DIR          where programs go (default: /opt/haversack); one folder for each version, `current` names one
  --url URL             of a worker: the address of its coordinator (default: http://127.0.0.1:7420)
  --token-file FILE     of a worker: holds the worker token; copied to /etc/haversack/worker.token
  --no-start            neither enable nor start the service
  --root DIR            render everything below DIR, as for an image: no user is made, nothing is started
  --dry-run             say what would be done
  --uninstall           remove the service and its unit; programs too when no other service of ours is left
  --purge               with --uninstall: remove configuration and data as well
END
}

fail() {
  echo "install.sh: $*" >&2
  exit 2
}

role=
source=
prefix=/opt/haversack
root=
url=http://127.0.0.1:7420
token_file=
dry_run=no
start=yes
uninstall=no
purge=no

value() { # option, arguments that are left
  [ "$2" -ge 2 ] || fail "$1 needs a value"
}

while [ $# -gt 0 ]; do
  case $1 in
    --coordinator) role=${role:+both}${role:-coordinator} ;;
    --worker) role=${role:+both}${role:-worker} ;;
    --source) value "$1" $#; source=$2; shift ;;
    --prefix) value "$1" $#; prefix=$2; shift ;;
    --root) value "$1" $#; root=$2; shift ;;
    --url) value "$1" $#; url=$2; shift ;;
    --token-file) value "$1" $#; token_file=$2; shift ;;
    --no-start) start=no ;;
    --dry-run) dry_run=yes ;;
    --uninstall) uninstall=yes ;;
    --purge) purge=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option: $1" ;;
  esac
  shift
done

case $role in
  coordinator | worker) ;;
  '') usage >&2; fail "say --coordinator or --worker" ;;
  *) fail "one of --coordinator and --worker at a time; run it twice for both" ;;
esac
case $prefix in
  /*) ;;
  *) fail "--prefix must be an absolute path, not $prefix" ;;
esac
for text in "$prefix" "$url"; do
  case $text in
    *[!A-Za-z0-9./:_@%+-]*) fail "not in a path or an address of a unit: $text" ;;
  esac
done

user=haversack
unit=haversack-$role
config=/etc/haversack
state=/var/lib/haversack
units=/etc/systemd/system

run() {
  if [ "$dry_run" = yes ]; then echo "would run: $*"; else "$@"; fi
}

# Standard input to a file, whole or not at all.
put() { # path, mode
  if [ "$dry_run" = yes ]; then
    cat > /dev/null
    echo "would write: $root$1"
    return
  fi
  cat > "$root$1.new"
  chmod "$2" "$root$1.new"
  mv -f "$root$1.new" "$root$1"
}

is_live() { # whether this is about the running system
  [ -z "$root" ]
}

check_host() {
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); services are installed on Linux only"
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "unknown architecture $(uname -m): x86_64 and aarch64 are supported" ;;
  esac
  if is_live && [ "$dry_run" = no ]; then
    [ "$(id -u)" -eq 0 ] || fail "run it as root, or with --root DIR or --dry-run"
    command -v systemctl > /dev/null || fail "there is no systemctl here: this host has no systemd"
  fi
}

version_of() { # folder
  sed -n 's/^  "version": "\([0-9A-Za-z.+-]*\)",*$/\1/p' "$1/package.json" | head -n 1
}

# The sources in a folder of this version, with what they depend on, in use from the moment at which `current` names it.
install_program() {
  [ -n "$source" ] || source=$(cd "$(dirname "$0")/.." && pwd)
  unpacked=
  if [ -f "$source" ]; then
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT
    tar -xzf "$source" -C "$unpacked" --strip-components=1
    source=$unpacked
  fi
  [ -f "$source/package.json" ] || fail "--source: $source holds no package.json"
  version=$(version_of "$source")
  [ -n "$version" ] || fail "$source/package.json names no version"
  release=$root$prefix/$version
  echo "haversack $version for linux-$arch in $release"
  run mkdir -p "$root$prefix"
  run rm -rf "$release.new"
  run mkdir "$release.new"
  if [ "$dry_run" = no ]; then
    copy_sources "$release.new"
    (cd "$release.new" && ${HAVERSACK_NPM:-npm} ci --omit=dev --ignore-scripts --no-audit --no-fund) || fail "npm ci failed in $release.new"
  else
    echo "would run: npm ci --omit=dev in $release.new"
  fi
  run rm -rf "$release.old"
  if [ -d "$release" ]; then run mv "$release" "$release.old"; fi
  run mv "$release.new" "$release"
  run rm -rf "$release.old"
  run ln -sfn "$version" "$root$prefix/current.new"
  run mv -fT "$root$prefix/current.new" "$root$prefix/current"
}

copy_sources() { # folder
  if [ -e "$source/.git" ] && command -v git > /dev/null && git -C "$source" rev-parse HEAD > /dev/null 2>&1; then
    git -C "$source" archive HEAD | tar -xf - -C "$1"
  else
    tar -cf - -C "$source" --exclude=./node_modules --exclude=./.git --exclude=./.haversack . | tar -xf - -C "$1"
  fi
}

make_user() {
  is_live || return 0
  if id "$user" > /dev/null 2>&1; then return 0; fi
  run useradd --system --user-group --home-dir "$state" --shell /usr/sbin/nologin "$user"
}

# Kept when it is there: it is the administrator's.
put_once() { # path, mode
  if [ -e "$root$1" ]; then
    cat > /dev/null
    return
  fi
  put "$1" "$2"
}

configure() {
  run mkdir -p "$root$config" "$root$units"
  if [ "$role" = coordinator ]; then
    put_once "$config/coordinator.env" 640 <<'END'
# Settings of the coordinator; docs/operations.md, "Environment", has all of them.
HAVERSACK_LISTEN=127.0.0.1:7420
HAVERSACK_LOG_LEVEL=info
#HAVERSACK_STORE=postgres://USER:PASSWORD@HOST:PORT/DATABASE
#HAVERSACK_RETENTION=30d
END
    return
  fi
  put_once "$config/worker.env" 640 <<END
# Settings of the worker; docs/operations.md, "Environment", has all of them.
HAVERSACK_URL=$url
HAVERSACK_LOG_LEVEL=info
# A stop waits so long for what runs; TimeoutStopSec of the unit has to be longer.
HAVERSACK_DRAIN_TIMEOUT=10m
HAVERSACK_HEALTH_LISTEN=127.0.0.1:7421
END
  if [ -n "$token_file" ]; then
    [ -r "$token_file" ] || [ "$dry_run" = yes ] || fail "--token-file: $token_file cannot be read"
    put "$config/worker.token" 600 < "$token_file"
  elif [ ! -e "$root$config/worker.token" ]; then
    echo "put the worker token into $root$config/worker.token (mode 0600) before the worker starts"
    start=no
  fi
}

# What both have in common.
put_unit() { # description, arguments of the command, further lines of [Service]
  put "$units/$unit.service" 644 <<END
[Unit]
Description=$1
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=5min
StartLimitBurst=10

[Service]
Type=exec
User=$user
Group=$user
EnvironmentFile=-$config/$role.env
ExecStart=$prefix/current/node_modules/.bin/node $prefix/current/packages/cli/src/main.ts $2
StateDirectory=haversack/$role
StateDirectoryMode=0700
WorkingDirectory=$state/$role
UMask=0077
# One SIGTERM to the main process, which ends the others; what is left when the time is over is killed.
KillMode=mixed
KillSignal=SIGTERM
Restart=on-failure
RestartSec=2s
LimitNOFILE=65536
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
$3

[Install]
WantedBy=multi-user.target
END
}

put_service() {
  if [ "$role" = coordinator ]; then
    put_unit "Haversack coordinator" "coordinator --data $state/coordinator" "TimeoutStopSec=20s
PrivateDevices=yes
ProtectControlGroups=yes
ProtectProc=invisible
CapabilityBoundingSet=
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"
    return
  fi
  # Its steps get control groups and namespaces of their own, so that those are left to it.
  # shellcheck disable=SC2016
  put_unit "Haversack worker" 'worker --data '"$state"'/worker --token-file ${CREDENTIALS_DIRECTORY}/worker.token' "LoadCredential=worker.token:$config/worker.token
TimeoutStopSec=11min
Delegate=yes
TasksMax=infinity
OOMPolicy=continue"
}

start_service() {
  is_live || return 0
  run systemctl daemon-reload
  [ "$start" = yes ] || return 0
  run systemctl enable "$unit.service"
  run systemctl restart "$unit.service"
}

remove() {
  if is_live; then
    run systemctl disable --now "$unit.service" || true
  fi
  run rm -f "$root$units/$unit.service"
  if is_live; then run systemctl daemon-reload; fi
  if [ "$purge" = yes ]; then
    run rm -rf "$root$config/$role.env" "$root$config/$role.token" "$root$state/$role"
  fi
  if [ ! -e "$root$units/haversack-coordinator.service" ] && [ ! -e "$root$units/haversack-worker.service" ]; then
    run rm -rf "$root$prefix"
  fi
}

check_host
if [ "$uninstall" = yes ]; then
  remove
  exit 0
fi
install_program
make_user
configure
put_service
start_service
echo "$unit is installed; \`systemctl status $unit\` tells how it is"
