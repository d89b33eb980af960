#!/bin/sh
# `gbrtc start` is the gateway; the other commands are those of bin/gbrtc.mjs.
home=$(dirname "$(dirname "$(readlink -f "$0")")")
if [ "$1" = start ]; then
  shift
  @ENVIRONMENT@ exec "$home/bin/node" @FLAGS@ "$home/dist/main.js" "$@"
fi
exec "$home/bin/node" "$home/bin/gbrtc.mjs" "$@"
