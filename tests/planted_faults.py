"""Plants faults, one by one, and tells which test of `make quick` finds each.

A fault is a slip that somebody could make: one expression of the sources, written wrongly. It goes
into a copy of the tree, which is built and installed into a folder of its own; that folder comes
before the environment's on PYTHONPATH, so that neither the sources nor the installed package are
touched. There the tests of `make quick` run until the first one fails.

    .venv/bin/python tests/planted_faults.py [NUMBER ...]
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "planted"
TREE, SITE = WORK / "tree", WORK / "site"

QUICK = ("-m", "not slow", "--numprocesses", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""What `make quick` gives to pytest."""

MISSED_AT_MOST = 2
"""Of ten; with more the light tests are not good enough."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """A slip: what is right stands in the file exactly once."""

    what: str
    file: str
    right: str
    wrong: str

    def text(self) -> str:
        """The file with the fault.

        Raises:
          SystemExit: what is right does not stand there once, so that the fault means nothing.
        """
        place = ROOT / self.file
        text = place.read_text() if place.is_file() else ""
        if (count := text.count(self.right)) != 1:
            raise SystemExit(
                f"planted fault '{self.what}': {self.right!r} stands {count} times in {self.file},"
                " expected once; say in tests/planted_faults.py how that line reads now"
            )
        return text.replace(self.right, self.wrong)


FAULTS = (
    Fault(
        "a sign: ice grows by what sublimates",
        "bridge/hosts/surfaces/slab_ice.f90",
        "(over_ice%snow(i, j) - over_ice%evaporation(i, j))",
        "(over_ice%snow(i, j) + over_ice%evaporation(i, j))",
    ),
    Fault(
        "longitude for latitude: axes of vectors",
        "ngcm_coupler/regrid/regrid.py",
        "axes(end.points.longitude, end.points.latitude)",
        "axes(end.points.latitude, end.points.longitude)",
    ),
    Fault(
        "an area weight: global means of the budget",
        "ngcm_coupler/output/budget/ledger.py",
        "(np.asarray(row, np.float64) * self._weights).sum()",
        "np.asarray(row, np.float64).mean()",
    ),
    Fault(
        "a lost remainder: closing of the water budget",
        "ngcm_coupler/interval/water_closure.py",
        " - gained + budget.remainder",
        " - gained",
    ),
    Fault(
        "a unit: latitude in degrees on devices",
        "ngcm_coupler/grid.py",
        "np.deg2rad(self.latitude).astype(np.float32)",
        "self.latitude.astype(np.float32)",
    ),
    Fault(
        "an off-by-one in time: an alarm at a date",
        "ngcm_coupler/clock/alarm.py",
        "clock.now >= Clock(date, clock.calendar).now",
        "clock.now > Clock(date, clock.calendar).now",
    ),
    Fault(
        "the last value for the mean: fluxes of an interval",
        "ngcm_coupler/interval/interval.py",
        "jnp.where(self._is_mean[:, None], total / self.steps, exports)",
        "exports",
    ),
    Fault(
        "a wrong fraction: ice of the cell for ice of the sea",
        "ngcm_coupler/interval/tiles.py",
        'values["sea_ice"], self.ice_area_fraction\n',
        'values["sea_ice"], self.parts["sea_ice"]\n',
    ),
    Fault(
        "an order of indices: points scattered to ranks",
        "ngcm_coupler/parallel/points.py",
        "np.ascontiguousarray(flat[:, self._arriving].T)",
        "np.ascontiguousarray(flat.T)",
    ),
    Fault(
        "a forgotten restart: seconds of a mean that is under way",
        "ngcm_coupler/output/history/means.py",
        "self.seconds = seconds",
        "self.seconds = 0",
    ),
)


def main() -> None:
    """Runs the tests without a fault, which must pass, and with each; prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "number", nargs="*", type=int, help=f"of a fault, 1 to {len(FAULTS)}; all without any"
    )
    every = range(1, len(FAULTS) + 1)
    numbers = parser.parse_args().number or every  # argparse holds no number at all to choices too
    if strange := set(numbers) - set(every):
        parser.error(
            f"no such fault: {', '.join(map(str, sorted(strange)))}; expected 1 to {every[-1]}"
        )
    texts = {number: FAULTS[number - 1].text() for number in numbers}
    copy(TREE)
    install()
    if found := first_failure():
        raise SystemExit(f"no fault is planted, and {found} fails; mend that first")
    print("| fault | file | found by |\n| --- | --- | --- |", flush=True)
    missed = 0
    for number in numbers:
        found = outcome(FAULTS[number - 1].file, texts[number])
        missed += not found
        fault = FAULTS[number - 1]
        print(f"| {fault.what} | `{fault.file}` | {found or 'NOT FOUND'} |", flush=True)
    print(f"\n{len(numbers) - missed} of {len(numbers)} found")
    if missed > MISSED_AT_MOST:
        raise SystemExit(f"{missed} are not found, at most {MISSED_AT_MOST} may be")


def copy(tree: pathlib.Path) -> None:
    """Makes a copy of the sources, in place of an older one."""
    shutil.rmtree(tree, ignore_errors=True)
    left_out = shutil.ignore_patterns(".*", "build", "dist", "out", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, tree, ignore=left_out)


def outcome(file: str, text: str) -> str:
    """The first test to fail with a file that reads so; '' if none does."""
    place = TREE / file
    place.write_text(text)
    try:
        install()
        return first_failure()
    finally:
        place.write_text((ROOT / file).read_text())


def install(tree: pathlib.Path = TREE, work: pathlib.Path = WORK, *settings: str) -> None:
    """Builds a tree as it is now, and installs it into a folder of its own, `work`/site.

    Args:
      tree: the project's own or a copy.
      work: folder of the build too.
      *settings: for CMake, NAME=VALUE.

    Raises:
      SystemExit: it cannot be built; a fault that a compiler finds needs no test.
    """
    defined = [f"--config-settings=cmake.define.{setting}" for setting in settings]
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
            "--upgrade", "--target", work / "site", *defined,
            f"--config-settings=build-dir={work / 'cmake'}", tree,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{tree} cannot be installed\n{done.stdout}{done.stderr}")


def first_failure() -> str:
    """The name of the first test of `make quick` that fails in the copy; '' if all pass.

    Raises:
      SystemExit: no test has run.
    """
    # What JAX has compiled for the tests (tests/python/conftest.py) is the same for the copy.
    compiled = ROOT / "build" / f"jax-{importlib.metadata.version('jax')}"
    environment = {
        "PYTHONPATH": str(SITE),
        "JAX_COMPILATION_CACHE_DIR": str(compiled / "tests"),
        "XDG_CACHE_HOME": str(compiled / "runs"),
    }
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "pytest", "-x", "-p", "no:cacheprovider", *QUICK],
        cwd=TREE, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    failed = re.search(r"^(?:FAILED|ERROR) (?:tests/python/)?([^\s\[]+)", done.stdout, re.MULTILINE)
    if failed:
        return f"`{failed[1]}`"
    if done.returncode:
        raise SystemExit(f"pytest itself has failed\n{done.stdout}{done.stderr}")
    return ""


if __name__ == "__main__":
    main()
