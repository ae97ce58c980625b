#!/bin/sh
# Everything that only a GPU can show, in one command: `tools/gpu-check.sh BIN CUDA`, BIN being the
# folder of the environment's programs. JAX's part for CUDA, cuda12 or cuda13, of the version that is
# there, is added first.
set -eu
bin=$1
cuda=$2

if ! nvidia-smi --list-gpus 2>/dev/null; then
  echo "There is no NVIDIA GPU here: nothing has been checked or measured."
  exit 0
fi
version=$("$bin/python" -c 'import jax; print(jax.__version__)')
"$bin/python" -m pip install --quiet "jax[$cuda]==$version"
"$bin/ngcm-coupler" doctor
"$bin/pytest" -m gpu
"$bin/ngcm-coupler" bench all
"$bin/ngcm-coupler" bench interval --profile out/profile
