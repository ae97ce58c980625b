"""Gin runs what a text names; of a checkpoint's text it is only given what is harmless."""

from __future__ import annotations

import dataclasses
import sys

import gin
import pytest
from gin import config as gin_configuration
from neuralgcm.legacy import gin_utils

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import Macro, Reference
from ngcm_coupler.engine.neuralgcm.checkpoint.configurables import CONFIGURABLES
from ngcm_coupler.engine.neuralgcm.checkpoint.gin import parse_gin
from ngcm_coupler.errors import CheckpointError


@pytest.fixture(scope="module")
def demo():
    return read_checkpoint("demo")


def refusal(text: str) -> str:
    """Returns the message with which a text is refused; it can be printed, and is short."""
    with pytest.raises(CheckpointError) as raised:
        parse_gin(text, "model.pkl")
    message = str(raised.value)
    assert message.startswith("model.pkl: model_config_str is not gin text of a model: ")
    assert message.isprintable() and message.isascii() and len(message) < 500
    return message


def test_text_is_read_with_scopes_modules_macros_and_references():
    bindings = parse_gin(
        """
A = %B
B = (1, -2.5, None)  # a comment, 'import os'
SoftClip.scales = {'a': 'it is @no reference', "b": [@x/SoftClip, @relu()], 1: (True)}
neuralgcm.model_builder.WhirlModel.model_cls = @neuralgcm.StochasticModularStepModel
scope/SoftClip.max_value = 1
SoftClip.max_value = 2
  SoftClip.max_value = \\
    3
SoftClip.name = 'one ' "and" \\
   ' two'
""",
        "model.pkl",
    )
    assert bindings.value("A") == (1, -2.5, None)
    references = [Reference("SoftClip", "x"), Reference("relu", called=True)]
    expected = {"a": "it is @no reference", "b": references, 1: True}
    assert bindings.value("SoftClip.scales") == expected
    assert bindings.reference("WhirlModel.model_cls") == Reference("StochasticModularStepModel")
    assert bindings.value("SoftClip.max_value", "scope") == 1
    assert bindings.value("SoftClip.max_value", "other") == 3
    assert bindings.value("SoftClip.max_value") == 3
    assert bindings.value("SoftClip.name") == "one and two"
    assert bindings.value("SoftClip.y") is None


VALUES = [
    *(0, -7, 10**30, 1.5, -0.0, 1e-5, 1e300, 5e-324, True, False, None, "", "m**2 s**-2"),
    *("'", '"', "\\", "a\nb\tc\r", "\x1b\x00\x7f", "é\u2028\U0010ffff", "@os.system", "%A", "#"),
    *((), (1,), [], [[]], {}, {"a": {"b": (1, [None])}, 1.5: "x", None: True}),
    *(Reference("SoftClip"), [Reference("relu", "a/b", True)], {"a": Macro("A")}),
]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_what_is_printed_is_read_as_the_same(value):
    text = parse_gin("A = 1\n", "x").text()
    for known in (text, f"{text}B = {_written(value)}\n"):
        printed = parse_gin(known, "model.pkl").text()
        assert parse_gin(printed, "model.pkl").text() == printed
    assert repr(parse_gin(printed, "model.pkl")._bindings["B"]) == repr(value)


def _written(value: object) -> str:
    """Python's own form, which is gin's but for references and macros."""
    if isinstance(value, Reference | Macro):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_written(k)}: {_written(v)}' for k, v in value.items())}}}"
    return ascii(value)


def test_gin_makes_the_same_of_the_demos_text_and_of_what_is_printed(demo):
    """All of its bindings, and nothing else."""

    def configuration(text: str) -> dict:
        with gin_utils.specific_config(text):
            return {key: repr(value) for key, value in gin_configuration._CONFIG.items()}

    expected = configuration(demo.model_config_str)
    assert len(expected) > 100
    assert configuration(demo.gin.text()) == expected


def test_every_name_of_the_list_is_a_part_that_upstream_has():
    """But for two that are names of the past."""
    known = {selector.rpartition(".")[2] for selector in gin_configuration._REGISTRY._selector_map}
    assert set(CONFIGURABLES) - known <= {"FastSphericalHarmonics"}


HOSTILE = {
    "import": "import os",
    "import after a binding": "A = 1\nimport os.path as path",
    "from": "from os import path",
    "from gin": "from __gin__ import dynamic_registration",
    "include": "include '/etc/passwd'",
    "block": "SoftClip:\n  max_value = 1\n",
    "two on a line": "A = 1; import os",
    "after a form feed": "A = 1\x0cimport os",
    "after a carriage return": "A = 1 # \rimport os",
    "after a line separator": "A = 1 # \u2028import os",
    "after a comment that goes on": "# a \\\nimport os",
    "joined": "imp\\\nort os",
    "in a scope": "a/import os",
    "foreign binding": "os.system.command = 'id'",
    "foreign binding in a scope": "a/b/system.command = 'id'",
    "foreign reference": "A = @os.system",
    "foreign reference in a scope": "A = @a/b/os.system()",
    "foreign reference in a list": "A = [1, @eval]",
    "foreign reference in a dict": "A = {'a': (1, {'b': @exec()})}",
    "foreign reference as a key": "A = {@eval(): 1}",
    "foreign reference after a macro": "A = %B\nB = @numpy.load()",
    "module of a part": "A = @SoftClip.system",
    "macro of gin": "A = @gin.macro",
    "constant of gin": "A = %gin.REQUIRED",
    "singleton of gin": "A = @a/gin.singleton()",
    "singleton's maker": "a/gin.singleton.constructor = @SoftClip",
    "value of a macro": "a/macro.value = 1",
    "optimizer": "A = @adam",
    "nested call": "A = @SoftClip(@relu())",
    "call of a call": "A = @SoftClip()()",
    "file": "FilteredCustomOrography.orography_data_path = '/etc/passwd'",
    "file after a macro": "A = None\nFloatDataFeatures.covariate_data_path = %A",
    "bytes": "A = b'x'",
    "raw": "A = r'x'",
    "formatted": "A = f'{1}'",
    "call": "A = __import__('os')",
    "attribute": "A = os.system",
    "operation": "A = 1 + 1",
    "complex": "A = 1j",
    "set": "A = {1, 2}",
    "lambda": "A = lambda: 0",
    "comparison": "A == 1",
    "two signs": "A = = 1",
    "comma": "A = (,)",
    "two commas": "A = (1,, 2)",
    "two values": "A = 1 2",
    "no comma": "A = [1 2]",
    "other bracket": "A = [1)",
    "no value": "A =",
    "no name": "= 1",
    "no scope": "/A = 1",
    "name with blanks": "SoftClip . max_value = 1",
    "reference with blanks": "A = @ SoftClip",
    "name of other letters": "\u212aelvin = 1",
    "digits of others": "A = \u0661\u0662",
    "key of a tuple": "A = {(1,): 2}",
    "no colon": "A = {1 2}",
    "unknown escape": r"A = '\d'",
    "octal escape": r"A = '\101'",
    "name of a letter": r"A = '\N{DIGIT ONE}'",
    "text over two lines": "A = 'a\\\nb'",
    "infinite": "A = 1e999",
    "power of a number": "A = '9**9**9 m'",
    "power of a bracket": "A = 'm**(9)**9'",
    "power in another way": "A = '9 ^ 9'",
    "by itself": "A = %A",
    "by way of another": "A = [%B]\nB = {'a': %A}",
    "undefined": "A = %B",
    "undefined behind another": "A = %B\nB = (%C,)",
    "control characters": "A = '\x1b[2J'",
    "NUL": "A = 1\x00",
}
ENDLESS = {
    "digits": f"A = {'9' * 400}",
    "decimals": f"A = 0.{'1' * 100_000}",
    "quotes": "A = " + "'" * 500_001,
    "double quotes": "A = " + '"' * 500_001,
    "quotes in lines": "'\n" * 300_000,
    "quote without end": "A = '" + "x" * 900_000,
    "escapes without end": "A = '" + "\\n" * 400_000,
    "brackets": "A = " + "[" * 900_000,
    "closed brackets": "A = " + "[" * 100 + "]" * 100,
    "dicts": "A = " + "{1:" * 300_000,
    "parentheses": "A = " + "(" * 300_000 + ")" * 300_000,
    "scopes": "A = @" + "a/" * 400_000 + "SoftClip",
    "name": "x" * 900_000 + " = 1",
    "modules": "a." * 400_000 + "b = 1",
    "blanks": "A" + " " * 900_000 + "1",
    "joined lines": "A = " + "\\\n" * 400_000,
    "text of megabytes": "# comment\n" * 200_000,
    "chain of macros": "".join(f"M{n} = [%M{n + 1}]\n" for n in range(20_000)) + "M20000 = 1\n",
    "chain the other way": "M0 = 1\n" + "".join(f"M{n + 1} = [%M{n}]\n" for n in range(20_000)),
    "doubled macros": "M0 = 1\n" + "".join(f"M{n + 1} = (%M{n}, %M{n})\n" for n in range(31)),
    "wide macros": "M0 = 1\n" + "".join(f"M{n + 1} = [{f'%M{n}, ' * 1000}]\n" for n in range(3)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_text_with_more_than_bindings_of_a_model_is_refused(name):
    assert "Nothing of it was run" in refusal(HOSTILE[name])
    refusal(f"SoftClip.max_value = 1\n\n{HOSTILE[name]}\nSoftClip.name = 'x'\n")


@pytest.mark.parametrize("name", ENDLESS)
def test_text_without_end_is_refused_in_one_pass(name):
    """Quadratic time would show: most of these have half a million characters."""
    refusal(ENDLESS[name])


def test_refusal_says_where_and_what():
    text = "SoftClip.max_value = 1\n# more\n  import os  \n"
    assert "line 3 has a statement that is neither a binding nor a macro" in refusal(text)
    assert "'  import os  '" in refusal(text)
    assert "the configurable 'system', of which no model is made" in refusal("A = @os.system")


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """Gin texts that leave a mark when they are parsed, by way of an import or of an include."""
    (tmp_path / "sprung.py").write_text(
        f"import pathlib; pathlib.Path({str(tmp_path / 'mark')!r}).touch()\n"
    )
    (tmp_path / "included.gin").write_text("import sprung\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sprung", raising=False)
    texts = {"import": "import sprung\n", "include": f"include '{tmp_path}/included.gin'\n"}
    return texts, tmp_path / "mark"


@pytest.mark.parametrize("way", ["import", "include"])
def test_gin_itself_would_run_what_is_refused(trap, way):
    """The counter-check: without it the next test could pass on texts that do nothing."""
    texts, mark = trap
    with gin_utils.specific_config(texts[way]):
        pass
    assert mark.exists()


@pytest.mark.parametrize("way", ["import", "include"])
def test_nothing_of_a_model_runs_however_it_has_come_by_its_text(trap, demo, way):
    from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
    from ngcm_coupler.engine.neuralgcm.random_weights import with_random_weights

    texts, mark = trap
    for text in (texts[way] + demo.model_config_str, demo.model_config_str + texts[way]):
        with pytest.raises(CheckpointError, match="neither a binding nor a macro"):
            NeuralGCM(dataclasses.replace(demo, model_config_str=text), "demo")
    with pytest.raises(CheckpointError, match="neither a binding nor a macro"):
        with_random_weights(demo, [texts[way]], seed=0)
    assert not mark.exists()


def test_gin_is_given_what_is_printed_and_not_the_text_itself(demo, monkeypatch):
    from ngcm_coupler.engine.neuralgcm.model import NeuralGCM

    given = []

    def record(bindings, skip_unknown=False):
        given.append("\n".join(bindings) if isinstance(bindings, list) else bindings)
        return parse(bindings, skip_unknown)

    parse = gin.parse_config
    monkeypatch.setattr(gin, "parse_config", record)
    NeuralGCM(demo, "demo", dycore="upstream")
    lines = set("\n".join(given).split("\n"))
    lacking = set(demo.gin.text().split("\n")) - lines
    assert lacking == {"smaller/GridWithWavenumbers.radius = None"}, "which upstream changes"
    assert not any("# Macros:" in text for text in given)
