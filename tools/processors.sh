#!/bin/sh
# The tests that claim bits, as processors with other instructions and numbers of threads run them:
# `tools/processors.sh BIN [INSTRUCTIONS:THREADS ...]`, BIN being the folder of the environment's
# programs. XLA writes code for no newer instructions of x86 than the named ones, and takes NPROC
# threads.
#
# Each run has a store of compiled code of its own: JAX's keys do not hold the number of threads.
set -eu
bin=$1
shift
[ $# -gt 0 ] || set -- AVX512:2 AVX2:1 AVX:3 SSE4_2:2

failed=
for run; do
  instructions=${run%:*} threads=${run#*:}
  caches=$PWD/build/processors/$instructions-$threads
  echo "== $instructions, threads: $threads"
  XLA_FLAGS="${XLA_FLAGS:-} --xla_cpu_max_isa=$instructions" NPROC=$threads \
    JAX_COMPILATION_CACHE_DIR=$caches/jax XDG_CACHE_HOME=$caches \
    "$bin/pytest" -m 'bits and not long' || failed="$failed $run"
done
[ -z "$failed" ] || { echo "Bits differ, or a test fails otherwise:$failed" >&2; exit 1; }
