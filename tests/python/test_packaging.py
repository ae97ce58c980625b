"""What is declared is what is used: Pythons, packages, their bounds, and the two locks."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from project import ROOT

from ngcm_coupler.cli.doctor.python import NEWEST, OLDEST

PYPROJECT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(PYPROJECT)["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = [(3, minor) for minor in range(OLDEST[1], NEWEST[1] + 1)]

TREES = {
    path: ast.parse(path.read_text()) for path in sorted((ROOT / "ngcm_coupler").rglob("*.py"))
}
NODES = [node for tree in TREES.values() for node in ast.walk(tree)]


# Documented by Python itself.
PUBLIC_ALL_THE_SAME = {"_replace", "_asdict", "_fields", "_current_frames"}


def names_of(requirements):
    return {canonicalize_name(Requirement(text).name) for text in requirements}


REQUIRED = names_of(PROJECT["dependencies"])
# What a user may add; YAC is only there to be measured against.
OPTIONAL = names_of(EXTRAS["radiation"] + EXTRAS["report"]) | {"yac"}


def modules_named(node):
    """Modules that an import, or import_module of a string, names."""
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=name)]):
            return [name]
    return []


def imported():
    """Packages, as registries name them, that the package imports."""
    roots = {name.partition(".")[0] for node in NODES for name in modules_named(node)}
    providers = importlib.metadata.packages_distributions()
    return {
        # A module that nothing installed provides stands under its own name.
        canonicalize_name(providers.get(root, [root])[0])
        for root in roots - sys.stdlib_module_names - {"ngcm_coupler"}
    }


def private_names():
    """Names of others, private by their underscore, that the package uses."""
    for node in NODES:
        for module in modules_named(node):
            if "._" in module and not module.startswith("ngcm_coupler."):
                yield module
        if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr):
            yield node.attr


def own_names():
    """Names that the package itself gives, so that their underscore binds nobody else."""
    for node in NODES:
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.Name(id=name, ctx=ast.Store())
            ):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.ImportFrom(module=str(module), names=names) if "ngcm_coupler" in module:
                yield from (name.name for name in names)


def pinned(lock):
    """Package -> (version, number of hashes) of a lock."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
    found = {}
    for entry in entries:
        if entry.startswith("#"):
            continue
        name, version = re.match(r"([\w.-]+)==([^\s;]+)", entry).groups()
        found[canonicalize_name(name)] = version, entry.count("--hash=sha256:")
    return found


def test_what_is_imported_is_declared_and_what_is_required_is_imported():
    assert imported() - REQUIRED - OPTIONAL == set()
    assert REQUIRED - imported() == set()


def test_optional_packages_are_not_imported_before_they_are_asked_for():
    loaded = "import sys, ngcm_coupler.abi, ngcm_coupler.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert {"rrtmgp", "matplotlib", "yac"} & set(done.stdout.split()) == set()


def test_packages_whose_private_names_are_used_have_an_upper_bound():
    reason = re.search(r"# An upper bound stands.*?\ndependencies", PYPROJECT, re.DOTALL)[0]
    used = set(private_names()) - set(own_names()) - PUBLIC_ALL_THE_SAME
    assert {name for name in used if name not in reason} == set()
    bounded = {
        requirement.name
        for requirement in map(Requirement, PROJECT["dependencies"])
        if any(bound.operator == "<" for bound in requirement.specifier)
    }
    assert bounded == {"dinosaur", "jax", "neuralgcm"}
    assert all(name in reason for name in bounded)


def test_every_list_of_pythons_is_the_same():
    accepted = SpecifierSet(PROJECT["requires-python"])
    texts = [f"3.{minor}" for minor in range(30) if f"3.{minor}.5" in accepted]
    assert texts == [f"{major}.{minor}" for major, minor in PYTHONS]
    classifiers = [text.split(" :: ")[-1] for text in PROJECT["classifiers"] if ":: 3." in text]
    assert classifiers == texts
    finder = (ROOT / "tools" / "find-python.sh").read_text()
    assert f"if not {OLDEST} <= version <= {NEWEST}:" in finder
    newest_first = " ".join(f"python{text}" for text in reversed(texts))
    assert f"python3 {newest_first} " in finder
    system = (ROOT / "tools" / "system-packages.sh").read_text()
    assert f"for package in python3 {newest_first}; do" in system
    assert f'-ge {OLDEST[1]} ] && [ "$minor" -le {NEWEST[1]} ]' in system
    assert f"{texts[0]}...<3.{NEWEST[1] + 1}\n" in (ROOT / "CMakeLists.txt").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert f"--python-version {texts[0]} --output-file requirements.lock" in makefile
    assert f"--python-version {texts[-1]} --output-file requirements-newest.lock" in makefile


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-newest.lock"])
def test_lock_has_all_that_is_declared_with_hashes_and_no_address(lock):
    packages = pinned(lock)
    assert all(hashes for _, hashes in packages.values())
    assert not re.search(r"://|index|find-links|file:", (ROOT / lock).read_text())
    for text in PROJECT["dependencies"] + EXTRAS["build"] + EXTRAS["test"]:
        requirement = Requirement(text)
        version, _ = packages[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), text
