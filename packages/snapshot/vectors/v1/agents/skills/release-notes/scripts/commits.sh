#!/bin/sh
exec git log --no-merges --format="%h %s" "$1"
