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
  --user                a worker of yours and not of the system: everything below your home, started by `systemctl --user`
  --keep-program        settings and unit only; programs stay as they are
  --no-start            neither enable nor start the service
  --root DIR            render everything below DIR, as for an image: no user is made, nothing is started
  --dry-run             say what would be done
  --uninstall           remove the service and its unit; programs too when no other service of ours is left
  --purge               with --uninstall: remove configuration and data as well

Of a worker that runs deployments; what is not said stays as it is:
  --deploy ENGINE[=SOCKET]      docker, podman, lxd, incus or auto (the first whose socket is there); off
  --socket-group GROUP          who may use that socket is root on this host: GROUP, to which it belongs, is given to the
                                worker and so to its steps; none: nothing is given
  --takes all|deploys           which steps it takes (default: all); with deploys, no step can use the engine
  --prefetch-base-image POLICY  off, lazy or eager: when the base image is fetched (default: lazy)
  --images-dir DIR              where images are while they come; workers of one host may share it
  --images-max-rate SIZE        bytes a second for downloads of images, such as 4MiB
END
}

fail() {
  echo "install.sh: $*" >&2
  exit 2
}

role=
source=
prefix=
root=
url=
token_file=
scope=system
keep_program=no
dry_run=no
start=yes
uninstall=no
purge=no
deploy=
socket_group=
takes=
prefetch=
images_dir=
images_max_rate=

value() { # option, arguments that are left
  [ "$2" -ge 2 ] || fail "$1 needs a value"
}

trimmed() { # text
  printf '%s' "$1" | sed 's/^[[:space:]]*//;s/[[:space:]]*$//'
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
    --deploy) value "$1" $#; deploy=$(trimmed "$2"); shift ;;
    --socket-group) value "$1" $#; socket_group=$(trimmed "$2"); shift ;;
    --takes) value "$1" $#; takes=$(trimmed "$2"); shift ;;
    --prefetch-base-image) value "$1" $#; prefetch=$(trimmed "$2"); shift ;;
    --images-dir) value "$1" $#; images_dir=$2; shift ;;
    --images-max-rate) value "$1" $#; images_max_rate=$(trimmed "$2"); shift ;;
    --user) scope=user ;;
    --keep-program) keep_program=yes ;;
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
if [ "$role" = coordinator ] && [ "$scope$deploy$socket_group$takes$prefetch$images_dir$images_max_rate" != system ]; then
  fail "--user, --deploy, --socket-group, --takes, --prefetch-base-image, --images-dir and --images-max-rate are of a worker"
fi

unit=haversack-$role
if [ "$scope" = system ]; then
  user=haversack
  config=/etc/haversack
  state=/var/lib/haversack
  units=/etc/systemd/system
  prefix=${prefix:-/opt/haversack}
  unit_text=$unit.service
else
  user=
  [ -n "${HOME:-}" ] || fail "--user: HOME is not set"
  config=${XDG_CONFIG_HOME:-$HOME/.config}/haversack
  state=${XDG_STATE_HOME:-$HOME/.local/state}/haversack
  units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
  runtime=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
  prefix=${prefix:-$HOME/.local/lib/haversack}
  unit_text=$unit.user.service
fi

for path in "$prefix" "$config" "$state" "$units" "${images_dir:-/}" "${runtime:-/}"; do
  case $path in
    # A % means something in a unit.
    *[!A-Za-z0-9./:_@+-]*) fail "not in a path of a unit: $path" ;;
    /*) ;;
    *) fail "not an absolute path: $path" ;;
  esac
done
case $url in
  *[!A-Za-z0-9./:_@%+,-]*) fail "not in an address of a unit: $url" ;;
esac

run() {
  if [ "$dry_run" = yes ]; then echo "would run: $*"; else "$@"; fi
}

control() {
  if [ "$scope" = user ]; then run systemctl --user "$@"; else run systemctl "$@"; fi
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
    [ "$scope" = user ] || [ "$(id -u)" -eq 0 ] || fail "run it as root, or with --user, --root DIR or --dry-run"
    command -v systemctl > /dev/null || fail "there is no systemctl here: this host has no systemd"
  fi
}

# The worker takes the same words; whoever mistypes one hears it now and not from a service that does not start.
check_settings() {
  [ -z "$token_file" ] || [ -r "$token_file" ] || [ "$dry_run" = yes ] || fail "--token-file: $token_file cannot be read"
  case $(printf '%s' "$prefetch" | tr '[:upper:]' '[:lower:]') in
    '' | 0 | false | no | off | lazy | 1 | true | yes | eager) ;;
    *) fail "--prefetch-base-image: expected off (or 0, false, no), lazy, or eager (or 1, true, yes), found $prefetch" ;;
  esac
  case $takes in
    '' | all | deploys) ;;
    *) fail "--takes: expected all or deploys, found $takes" ;;
  esac
  if [ -n "$images_max_rate" ] && ! printf '%s\n' "$images_max_rate" | grep -Eqx '0*[1-9][0-9]{0,14}(KiB|MiB|GiB)?'; then
    fail "--images-max-rate: expected bytes a second such as 4MiB, found $images_max_rate"
  fi
  case $scope$images_dir in
    system/home/* | system/root/* | system/run/user/* | system/tmp/* | system/var/tmp/*)
      fail "--images-dir: the service has no $images_dir (ProtectHome=, PrivateTmp=): expected a folder such as /var/lib/haversack-images" ;;
  esac
}

# Where the socket of an engine may be, in the order in which it is looked for.
places_of() { # engine
  case $scope-$1 in
    user-docker) echo "$runtime/docker.sock" /run/docker.sock ;;
    user-podman) echo "$runtime/podman/podman.sock" ;;
    *-docker) echo /run/docker.sock ;;
    *-podman) echo /run/podman/podman.sock ;;
    *-incus) echo /var/lib/incus/unix.socket ;;
    *-lxd) echo /var/lib/lxd/unix.socket /var/snap/lxd/common/lxd/unix.socket ;;
  esac
}

# Sets engine and socket: what the worker uses is what it was given. Without a socket yet, it is the first place.
find_socket() {
  expected="docker, podman, lxd, incus, auto or off; all but the last two also with the path of a socket, such as docker=/run/docker.sock"
  engine=${deploy%%=*}
  socket=
  case $deploy in
    docker | podman | lxd | incus) ;;
    auto) engine="docker podman incus lxd" ;;
    docker=* | podman=* | lxd=* | incus=*)
      socket=${deploy#*=}
      socket=${socket#unix://}
      case $socket in
        *[!A-Za-z0-9./:_@+-]*) fail "--deploy: not in a path of a unit: $socket" ;;
        /*) return ;;
        *) fail "--deploy: expected $expected, found $deploy" ;;
      esac ;;
    *) fail "--deploy: expected $expected, found $deploy" ;;
  esac
  places=
  for each in $engine; do
    for place in $(places_of "$each"); do
      places="$places $place"
      if [ -S "$root$place" ]; then
        engine=$each socket=$place
        return
      fi
    done
  done
  [ "$deploy" != auto ] || fail "--deploy auto: there is no container engine, looked for$places; start it, or name it"
  places=${places# }
  socket=${places%% *}
}

# Sets group: what the service is given so that it may use the socket. It is never given without being asked for by name.
find_group() {
  case $socket in
    /home/* | /root/* | /run/user/*)
      fail "--deploy: the service has no $socket (ProtectHome=); use --user for a worker with an engine of yours" ;;
  esac
  group=
  if [ "$socket_group" = none ]; then return; fi
  power="whoever may use it is root on this host, and so are the worker and its steps"
  case $socket_group in
    *[!A-Za-z0-9_.-]* | -*) fail "--socket-group: expected the name of a group or none, found $socket_group" ;;
  esac
  if [ ! -S "$root$socket" ]; then
    [ -n "$socket_group" ] || fail "--deploy: there is no $socket yet to see its group by; $power: say --socket-group GROUP if that is meant, or --socket-group none"
    group=$socket_group
  else
    group=$(stat -L -c %G "$root$socket")
    if [ "$group" = UNKNOWN ]; then group=$(stat -L -c %g "$root$socket"); fi
    case $(stat -L -c '%g %A' "$root$socket") in
      "0 "* | *" ?????-"*)
        fail "--deploy: $socket belongs to $(stat -L -c '%U:%G, mode %a' "$root$socket"): no group can be given for it. Let the engine give it to a group of its own (of Podman: SocketGroup=, SocketMode=0660 and DirectoryMode=0755 of podman.socket), use --user, or say --socket-group none" ;;
    esac
    [ -n "$socket_group" ] || fail "--deploy: $socket belongs to group $group; $power: say --socket-group $group if that is meant, or --socket-group none"
    [ "$socket_group" = "$group" ] || fail "--socket-group: $socket belongs to group $group, not to $socket_group"
  fi
  if is_live && ! getent group "$group" > /dev/null; then fail "--socket-group: there is no group $group here"; fi
}

check_engine() {
  group=
  if [ -z "$deploy" ] || [ "$deploy" = off ]; then
    [ -z "$socket_group" ] || fail "--socket-group goes with --deploy ENGINE"
    return
  fi
  find_socket
  if [ "$scope" = system ]; then
    find_group
    deploy=$engine=$socket
    return
  fi
  [ -z "$socket_group" ] || fail "--socket-group: a service of yours has your groups and gets no others"
  if is_live && [ -S "$socket" ] && [ ! -w "$socket" ]; then fail "--deploy: you may not use $socket"; fi
  deploy=$engine=$socket
}

# A text of units/ with its open places filled in. One that is left open would be taken for a value.
render() { # file
  text=$(sed -e "s|@@PREFIX@@|$prefix|g" -e "s|@@CONFIG@@|$config|g" -e "s|@@STATE@@|$state|g" -e "s|@@USER@@|$user|g" \
    -e "s|@@URL@@|${url:-http://127.0.0.1:7420}|g" -e "s|@@GROUP@@|$group|g" -e "s|@@IMAGES_DIR@@|$images_dir|g" "$texts/$1")
  case $text in
    *@@*) fail "$texts/$1: nothing is known for $(printf '%s\n' "$text" | grep -o '@@[A-Za-z0-9_]*@*' | head -n 1); is it of this version?" ;;
  esac
  printf '%s\n' "$text" > "$work/$1"
}

# All of it before anything is written.
render_all() {
  texts=$(cd "$(dirname "$0")" && pwd)/units
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  for each in "$unit_text" "$role.env"; do render "$each"; done
  if [ -n "$group" ]; then render engine.conf; fi
  if [ -n "$images_dir" ]; then render images.conf; fi
}

version_of() { # folder
  sed -n 's/^  "version": "\([0-9A-Za-z.+-]*\)",*$/\1/p' "$1/package.json" | head -n 1
}

# The sources in a folder of this version, with what they depend on, in use from the moment at which `current` names it.
install_program() {
  [ -n "$source" ] || source=$(cd "$(dirname "$0")/.." && pwd)
  if [ -f "$source" ]; then
    mkdir "$work/source"
    tar -xzf "$source" -C "$work/source" --strip-components=1
    source=$work/source
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
  is_live && [ "$scope" = system ] || return 0
  if id "$user" > /dev/null 2>&1; then return 0; fi
  run useradd --system --user-group --home-dir "$state" --shell /usr/sbin/nologin "$user"
}

# One line of the settings; the others stay as they are.
set_line() { # name, value
  [ -n "$2" ] || return 0
  if [ -e "$root$config/$role.env" ]; then old=$root$config/$role.env; else old=/dev/null; fi
  awk -v name="$1" -v line="$1=$2" '
    $0 ~ "^[ \t]*" name "[ \t]*=" { if (!done) print line; done = 1; next }
    { print }
    END { if (!done) print line }' "$old" > "$work/settings"
  if cmp -s "$work/settings" "$old"; then return 0; fi
  put "$config/$role.env" 640 < "$work/settings"
}

configure() {
  run mkdir -p "$root$config" "$root$units"
  # Kept when it is there: it is the administrator's, but for what is said now.
  if [ ! -e "$root$config/$role.env" ]; then put "$config/$role.env" 640 < "$work/$role.env"; fi
  [ "$role" = worker ] || return 0
  set_line HAVERSACK_URL "$url"
  set_line HAVERSACK_DEPLOY "$deploy"
  # One that deploys nothing takes no deploys.
  if [ "$deploy" = off ] && [ -z "$takes" ] && grep -q '^HAVERSACK_TAKES=' "$root$config/worker.env" 2> /dev/null; then takes=all; fi
  set_line HAVERSACK_TAKES "$takes"
  set_line HAVERSACK_PREFETCH_BASE_IMAGE "$prefetch"
  set_line HAVERSACK_IMAGES_DIR "$images_dir"
  set_line HAVERSACK_IMAGES_MAX_RATE "$images_max_rate"
  if [ -n "$images_dir" ]; then
    run mkdir -p "$root$images_dir"
    if is_live && [ "$scope" = system ]; then run chown "$user:$user" "$images_dir"; fi
  fi
  if [ "$scope" = user ]; then run mkdir -p -m 700 "$root$state/worker"; fi
  if [ -n "$token_file" ]; then
    put "$config/worker.token" 600 < "$token_file"
  elif [ ! -e "$root$config/worker.token" ]; then
    echo "put the worker token into $root$config/worker.token (mode 0600) before the worker starts"
    start=no
  fi
}

put_service() {
  put "$units/$unit.service" 644 < "$work/$unit_text"
  more=$units/$unit.service.d
  if [ -e "$work/engine.conf" ] || [ -e "$work/images.conf" ]; then run mkdir -p "$root$more"; fi
  # Another engine, or none: what was given for the one before is taken back.
  if [ -n "$deploy" ]; then run rm -f "$root$more/engine.conf"; fi
  if [ -e "$work/engine.conf" ]; then put "$more/engine.conf" 644 < "$work/engine.conf"; fi
  if [ -e "$work/images.conf" ] && [ "$scope" = system ]; then put "$more/images.conf" 644 < "$work/images.conf"; fi
}

start_service() {
  is_live || return 0
  control daemon-reload
  [ "$start" = yes ] || return 0
  control enable "$unit.service"
  control restart "$unit.service"
}

remove() {
  if is_live; then
    control disable --now "$unit.service" || true
  fi
  run rm -f "$root$units/$unit.service" "$root$units/$unit.service.d/engine.conf" "$root$units/$unit.service.d/images.conf"
  if [ -d "$root$units/$unit.service.d" ]; then run rmdir --ignore-fail-on-non-empty "$root$units/$unit.service.d"; fi
  if is_live; then control daemon-reload; fi
  if [ "$purge" = yes ]; then
    run rm -rf "$root$config/$role.env" "$root$config/$role.token" "$root$state/$role"
  fi
  # A worker of yours may use the programs of the system.
  case $scope$prefix in
    system* | "user${HOME:-}"/*)
      if [ ! -e "$root$units/haversack-coordinator.service" ] && [ ! -e "$root$units/haversack-worker.service" ]; then
        run rm -rf "$root$prefix"
      fi ;;
  esac
}

tell() {
  if [ -n "$group" ]; then
    echo "the service is in group $group, so that it may use $socket: with it, the worker and its steps are root on this host"
    if [ "$takes" != deploys ]; then echo "\`--takes deploys\` keeps other steps than deploys away from this worker"; fi
  elif [ -n "$deploy" ] && [ "$deploy" != off ]; then
    if [ "$scope" = user ] && [ "$engine" = podman ]; then
      echo "Podman listens there after: systemctl --user enable --now podman.socket"
    elif [ "$scope" = system ]; then
      echo "the service was given no group: see to it that user $user may use $socket"
    fi
  fi
  if [ "$scope" = system ]; then
    echo "$unit is installed; \`systemctl status $unit\` tells how it is"
  else
    echo "$unit is installed; \`systemctl --user status $unit\` tells how it is; \`loginctl enable-linger\` lets it run while you are away"
  fi
}

check_host
if [ "$uninstall" = yes ]; then
  remove
  exit 0
fi
check_settings
check_engine
render_all
if [ "$keep_program" = no ]; then
  install_program
elif [ ! -e "$root$prefix/current/package.json" ]; then
  fail "--keep-program: there is no program in $root$prefix/current"
fi
make_user
configure
put_service
start_service
tell
