#!/bin/sh
# Sees that the machine has what pip cannot install: compilers, MPI, the netCDF libraries and a
# Python to embed. What is missing is installed with apt, as root or through sudo; elsewhere it is
# listed and the exit status is 1. With nothing missing, neither root nor a network is needed.
#
# OASIS3-MCT is wanted, not needed: where it cannot be had, the rest is made without it.
set -eu
tools=$(dirname "$0")

# Command that must exist, the Debian package it comes from, what it is elsewhere.
needs="\
g++       g++              a C++17 compiler
gfortran  gfortran         a Fortran 2018 compiler, the one that builds the host
mpirun    openmpi-bin      MPI, the one that the host uses (on clusters: module load ...)
mpif90    libopenmpi-dev   the compiler wrappers of the same MPI
nc-config libnetcdf-dev    netCDF-C, for the tests of hosts that link it
nf-config libnetcdff-dev   netCDF-Fortran, for the same tests"

lacking() {
  echo "$needs" | while read -r command package meaning; do
    command -v "$command" >/dev/null 2>&1 || echo "$command $package $meaning"
  done
}

# The Debian packages of the first Python in range that this release offers.
python_packages() {
  for package in python3 python3.13 python3.12 python3.11; do
    minor=$(apt-cache show --no-all-versions "$package" 2>/dev/null |
      sed -n 's/^Version: 3\.\([0-9]*\).*/\1/p')
    if [ "${minor:-0}" -ge 11 ] && [ "$minor" -le 13 ]; then
      echo "$package-dev $package-venv"
      return
    fi
  done
  echo "python3-dev python3-venv"
}

# OASIS3-MCT to couple with, and its example grids to test with; OASIS_ROOT names a build of the
# user's own.
wanted() {
  [ -n "${OASIS_ROOT:-}" ] || [ -e /usr/include/psmile.MPI1/mod_oasis.mod ] || echo liboasis3-dev
  [ -d /usr/share/doc/liboasis3-doc/examples ] || echo liboasis3-doc
}

install_wanted() {
  [ -n "$(wanted)" ] || return 0
  if command -v apt-get >/dev/null 2>&1; then
    root=""
    if [ "$(id -u)" -eq 0 ]; then root="env"; elif sudo -n true 2>/dev/null; then root="sudo env"; fi
    # A machine that has never looked has no lists.
    [ -z "$root" ] || apt-cache show bash >/dev/null 2>&1 || $root apt-get update -q || true
    # shellcheck disable=SC2046  # one word a package
    [ -z "$root" ] || $root DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
      --no-install-recommends $(wanted) || true
  fi
  [ -z "$(wanted)" ] || echo "Going on without $(wanted | xargs) (apt, as root, would install it):" \
    "what needs OASIS3-MCT is not built or not tested. OASIS_ROOT names a build of your own." >&2
}

missing=$(lacking)
no_python=""
"$tools/find-python.sh" >/dev/null 2>&1 || no_python=yes
if [ -z "$missing$no_python" ]; then
  install_wanted
  exit 0
fi

# A Python named by the user is the user's to repair.
[ -z "$no_python" ] || [ -z "${PYTHON:-}" ] || exec "$tools/find-python.sh"

if [ "$(id -u)" -eq 0 ]; then
  as_root="env"
elif sudo -v 2>/dev/null; then
  as_root="sudo env"
else
  as_root=""
fi

if [ -z "$as_root" ] || ! command -v apt-get >/dev/null 2>&1; then
  {
    echo "Missing on this machine, and not installed because that needs apt and root or sudo:"
    [ -z "$missing" ] || echo "$missing" | while read -r command package meaning; do
      echo "  $command: $meaning (Debian and Ubuntu: $package)"
    done
    [ -z "$no_python" ] || "$tools/find-python.sh" 2>&1 | sed 's/^/  /'
    echo "Install these, or load their modules, and run make again."
  } >&2
  exit 1
fi

$as_root apt-get update -q
packages=$(echo "$missing" | while read -r _ package _; do echo "$package"; done)
[ -z "$no_python" ] || packages="$packages $(python_packages)"
# shellcheck disable=SC2086  # one word a package
$as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
"$tools/find-python.sh" >/dev/null
install_wanted
