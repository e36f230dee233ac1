#!/bin/sh
# Makes the root of an image small and the same every time. Only the pipeline runs this, from outside: what is removed
# here is nothing that the recipe of the build path has to know about. Usage: trim.sh ROOT ARCH
set -eu
root=${1:?usage: trim.sh ROOT ARCH}
arch=${2:?usage: trim.sh ROOT ARCH}
[ -f "$root/etc/haversack-base.json" ] || {
  echo "trim.sh: $root is not the root of an image" >&2
  exit 1
}
cd "$root"

# Folders stay, with their modes: programs expect them.
empty() {
  for folder; do
    if [ -d "$folder" ]; then find "$folder" -mindepth 1 -delete; fi
  done
}

empty var/cache/apt var/lib/apt/lists var/log var/backups var/cache/ldconfig tmp var/tmp run dev var/lib/apt/mirrors
mkdir -p var/cache/apt/archives/partial var/lib/apt/lists/partial
rm -rf var/cache/haversack var/lib/apt/extended_states root/.cache root/.wget-hsts
rm -f etc/machine-id var/lib/dbus/machine-id etc/hostname etc/resolv.conf etc/.pwd.lock
find etc var/lib/dpkg var/cache/debconf -xdev -type f \( -name '*-old' -o -name '*-' -o -name '*.dpkg-old' -o -name '*.lock' -o -name lock -o -name lock-frontend \) -delete

empty usr/share/locale usr/share/i18n usr/share/man usr/share/info usr/share/groff usr/share/lintian usr/share/linda \
  usr/share/bug usr/share/bash-completion usr/share/zsh usr/share/doc-base usr/include usr/share/pixmaps
find usr/lib/locale -mindepth 1 -maxdepth 1 ! -iname 'C.utf8' -exec rm -rf {} +
# The licences stay.
find usr/share/doc -type f ! -name copyright -delete
find usr/share/doc -depth -type d -empty -delete
find usr/share/zoneinfo -mindepth 1 ! -path usr/share/zoneinfo/UTC ! -path usr/share/zoneinfo/Etc ! -path usr/share/zoneinfo/Etc/UTC -delete
find usr/lib/*/gconv -type f -name '*.so' ! -name 'UTF-*' ! -name 'UNICODE.so' ! -name 'ISO8859-1.so' ! -name 'ISO8859-15.so' \
  ! -name 'CP1252.so' -delete
find usr/share/perl usr/lib/*/perl -type f \( -name '*.pod' -o -name '*.h' -o -name '*.a' \) -delete
find . -xdev -depth -type d -name __pycache__ -exec rm -rf {} +

# The symbols of Node, a tenth of the image. Every binutils can read its own architecture; the other needs its own.
case $arch in
  x64) strip=x86_64-linux-gnu-strip ;;
  arm64) strip=aarch64-linux-gnu-strip ;;
esac
"$strip" --strip-unneeded --remove-section=.comment opt/haversack/bin/node
