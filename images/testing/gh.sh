#!/bin/bash
# Stands in for GitHub's client: releases are folders below GH_STATE. What GH_SPOIL names arrives damaged.
set -eu
[ "$1" = release ]
verb=$2
folder=$GH_STATE/$3
shift 3
echo "$verb $*" >> "$GH_STATE/log"
value_of() { # option, arguments
  while [ "$2" != "$1" ]; do set -- "$1" "${@:3}"; done
  echo "$3"
}
case $verb in
  create)
    [ ! -e "$folder" ] && [ "$1" = --draft ]
    mkdir "$folder"
    echo true > "$folder.draft"
    ;;
  view) cat "$folder.draft" ;;
  delete) rm -r "$folder" "$folder.draft" ;;
  upload)
    [ ! -e "$folder/${1##*/}" ]
    cp "$1" "$folder/"
    if [ "${1##*/}" = "${GH_SPOIL:-}" ]; then echo more >> "$folder/$GH_SPOIL"; fi
    ;;
  download) cp "$folder/$(value_of --pattern "$@")" "$(value_of --dir "$@")/" ;;
  edit)
    [ "$1" = --draft=false ]
    echo false > "$folder.draft"
    ;;
  *) exit 2 ;;
esac
