#!/bin/sh
#SBATCH --job-name=cliplet
#SBATCH --array=0-7
#SBATCH --cpus-per-task=16
#SBATCH --requeue
# Embeds a collection as an array of jobs under Slurm, one shard each:
#
#   sbatch examples/slurm.sh MODEL OUT IMAGE...
#
# A job that was cut off, or is requeued, goes on where it stopped.
set -eu
model=$1 out=$2
shift 2
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-0}"
exec cliplet embed --model "$model" --out-folder "$out" --format parquet \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" "$@"
