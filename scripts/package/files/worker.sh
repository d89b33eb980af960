#!/bin/sh
# The worker, by the loader and with the libraries that it was built with, C library included, so that any distribution's will do.
here=${0%/*}
exec "$here/lib/mediasoup-worker" --library-path "$here/lib" "$here/mediasoup-worker.bin" "$@"
