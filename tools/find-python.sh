#!/bin/sh
# Prints the Python to embed: the first candidate of version 3.11 to 3.13 that has a shared
# libpython, its headers and the venv module. PYTHON in the environment names the only candidate.
# Finding none, says on standard error what each candidate lacks, and exits with 1.
set -u

fitness='
import importlib.util, pathlib, sys, sysconfig
version = sys.version_info[:2]
name = "libpython%d.%d.so" % version
folders = [sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LIBPL")]
folders.append(sys.base_prefix + "/lib")
lacks = []
if not (3, 11) <= version <= (3, 13):
    lacks.append("is %d.%d, not 3.11, 3.12 or 3.13" % version)
if not any(folder and pathlib.Path(folder, name).exists() for folder in folders):
    lacks.append("has no shared " + name)
if not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists():
    lacks.append("has no Python.h")
if importlib.util.find_spec("ensurepip") is None:
    lacks.append("has no ensurepip, so it cannot make a virtual environment")
print(", ".join(lacks) or sys.executable)
sys.exit(bool(lacks))
'

report=""
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
  command -v "$candidate" >/dev/null 2>&1 || { report="$report
  $candidate: not found"; continue; }
  if answer=$("$candidate" -c "$fitness" 2>/dev/null); then
    echo "$answer"
    exit 0
  fi
  report="$report
  $candidate: ${answer:-does not run}"
done
echo "No Python here can be embedded:$report
Name one with PYTHON=/path/to/python3. Debian and Ubuntu: packages python3-dev and python3-venv;
pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install 3.12; or any conda or uv Python." >&2
exit 1
