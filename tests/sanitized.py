"""Builds libngcm and the kernels under sanitizers, and has strangers call them.

The address and undefined-behaviour sanitizers end a process at its first read or write outside of
what it has, and at what C++ leaves undefined. Instrumented are the project's own sources. They run

- in a host in C that makes random calls, right and wrong ones (tests/c/calls.c),
- in the tests of the kernels of the exchange grid,
- with an overflow planted into libngcm, which has to be found: what cannot fail shows nothing.

    .venv/bin/python tests/sanitized.py [--count CALLS] [--seed FIRST]
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import subprocess
import sys

from planted_faults import ROOT, Fault, copy, install

WORK = ROOT / "build" / "sanitized"

CALLS_A_PROCESS = 50_000

OVERFLOW = Fault(
    "a text is ended one byte behind its buffer",
    "bridge/src/ngcm.cpp",
    "std::min(text.size(), static_cast<size_t>(n) - 1)",
    "std::min(text.size(), static_cast<size_t>(n))",
)

SETTINGS = ("NGCM_SANITIZE=ON", "NGCM_BUILD_HOSTS=OFF", "NGCM_BUILD_OASIS=OFF")
SETTINGS += ("CMAKE_CXX_FLAGS_RELEASE=-O1",)  # reports name lines, and the compiler has less to do

KERNELS = ("tests/python/regrid/test_overlap.py", "tests/python/regrid/test_product.py")

NAMELIST = """\
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 1800 /
&ngcm_coupling interval_seconds = 3600 / &ngcm_radiation scheme = 'host' /
&ngcm_log level = 'error' /
"""

# The host is linked to no netCDF, and the run-time of the sanitizers stands no library that looks
# into itself first.
SITE_CUSTOMIZE = "import os\n\ndel os.RTLD_DEEPBIND\n"

_ENVIRONMENT = {
    # Python frees nothing at its end, and what it loads is not ours; everything else is looked for.
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    # Each object of Python is then an allocation of its own, so that its end is known.
    "PYTHONMALLOC": "malloc",
    "JAX_PLATFORMS": "cpu",
}


def main() -> None:
    """Runs all of it; exits with a report at the first fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="calls (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first (%(default)s)")
    arguments = parser.parse_args()
    host = built(ROOT, WORK)
    print(calls(host, WORK, arguments.seed, arguments.count), flush=True)
    print(kernels(WORK / "site"), flush=True)
    print(planted(arguments.seed))


def built(tree: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    """Installs a tree with sanitizers and returns the host in C that is built against it."""
    install(tree, work, *SETTINGS)
    hosts, flags = work / "hosts", "-fsanitize=address,undefined -fno-sanitize-recover=all -g"
    installed = work / "site" / "ngcm_coupler" / "lib" / "cmake" / "ngcm"
    for command in (
        ["cmake", "-S", tree / "tests", "-B", hosts, f"-Dngcm_DIR={installed}",
         f"-DCMAKE_C_FLAGS={flags}"],
        ["cmake", "--build", hosts, "--target", "calls"],
    ):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
    return hosts / "bin" / "calls"


def calls(host: pathlib.Path, work: pathlib.Path, seed: int, count: int) -> str:
    """Makes that many calls, a part of them in each process; says how many were taken.

    Raises:
      SystemExit: a fault, with the command that shows it again.
    """
    (work / "restarts").mkdir(exist_ok=True)
    (work / "run.nml").write_text(NAMELIST)
    (work / "custom").mkdir(exist_ok=True)
    (work / "custom" / "sitecustomize.py").write_text(SITE_CUSTOMIZE)
    environment = os.environ | _ENVIRONMENT | {"PYTHONPATH": str(work / "custom")}
    total = [0, 0, 0]
    while total[0] < count:
        some = min(CALLS_A_PROCESS, count - total[0])
        command = [host, work / "run.nml", work / "restarts", str(seed), str(some)]
        done = subprocess.run(
            command, env=environment, cwd=work, capture_output=True, text=True, errors="replace",
            check=False,
        )  # fmt: skip
        if done.returncode:
            words = " ".join(map(str, command))
            raise SystemExit(f"{words}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        numbers = map(int, re.findall(r"\d+", done.stdout))
        total = [old + new for old, new in zip(total, numbers, strict=True)]
        seed += 1
    return "{:,} calls, {:,} taken, {:,} refused: no fault".format(*total)


def kernels(site: pathlib.Path) -> str:
    """Runs the tests of the kernels on those that are watched."""
    ask = ["gcc", "-print-file-name=libasan.so", "-print-file-name=libstdc++.so"]
    runtimes = [
        subprocess.run([*ask[:1], each], capture_output=True, text=True, check=True).stdout.strip()
        for each in ask[1:]
    ]
    environment = _ENVIRONMENT | {
        # Python is not linked to it, and it has to come before everything else.
        "LD_PRELOAD": " ".join(runtimes),
        "PYTHONPATH": str(site),
    }
    tests = [ROOT / test for test in KERNELS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        env=os.environ | environment,
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"tests of the kernels\n{done.stdout}{done.stderr}")
    return f"tests of the kernels: {done.stdout.splitlines()[-1]}: no fault"


def planted(seed: int) -> str:
    """Makes calls with an overflow in libngcm, and wants it found."""
    text, tree = OVERFLOW.text(), WORK / "planted" / "tree"
    copy(tree)
    (tree / OVERFLOW.file).write_text(text)
    host = built(tree, WORK / "planted")
    try:
        calls(host, WORK / "planted", seed, 10_000)
    except SystemExit as report:
        if "AddressSanitizer: stack-buffer-overflow" in str(report):
            return f"planted, {OVERFLOW.what}: found"
        raise
    raise SystemExit(f"planted, {OVERFLOW.what}: NOT FOUND")


if __name__ == "__main__":
    main()
