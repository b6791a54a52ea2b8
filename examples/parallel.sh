#!/bin/sh
# Embeds a collection with GNU parallel: one shard at a time on each machine, each of which uses all of its cores.
#
#   examples/parallel.sh MODEL OUT SHARDS IMAGE...
#
# On several machines, which see MODEL, OUT and the pictures under the same names: PARALLEL='--sshloginfile hosts.txt' before it. The same
# command again does what is not done yet.
set -eu
model=$1 out=$2 shards=$3
shift 3
last=$((shards - 1))
seq 0 "$last" | parallel --halt soon,fail=1 --jobs 1 --quote \
    cliplet embed --model "$model" --out-folder "$out" --format parquet --shard "{}/$shards" "$@"
