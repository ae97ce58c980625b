"""A reader of gin text, for the few facts that describe a model without building it.

Upstream's own parser wants every configurable imported and registered, which takes seconds. The
text of a checkpoint is simpler than the language allows: bindings of literals, references and
macros, which is what this reads. Nothing is executed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ngcm_coupler.errors import CheckpointError

_SKIPPED: Final = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT)
# What tokenize and literal_eval raise, the last two for brackets nested without end.
_SYNTAX_ERRORS: Final = (SyntaxError, TypeError, ValueError, tokenize.TokenError)
_NOT_GIN: Final = (*_SYNTAX_ERRORS, RecursionError, MemoryError)
_STRING_OR_REFERENCE: Final = re.compile(
    r"""('(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*") | ([@%][\w./]+(?:\(\))?)""", re.VERBOSE
)


@dataclass(frozen=True)
class Reference:
    """What `@scope/Name()` names: a class or function, and the scope of its bindings."""

    name: str
    scope: str = ""


class GinBindings:
    """The bindings of a gin text.

    A literal has its Python value. A reference stays text with its `@`, and a macro stays text
    with its `%` until `value` looks it up.
    """

    def __init__(self, bindings: dict[str, Any], source: str) -> None:
        self._bindings = bindings
        self._source = source

    def value(self, binding: str, scope: str = "") -> Any:
        """Returns what `Name.parameter` is bound to in a scope, or None where it is unbound.

        Gin's None and an unbound parameter both mean the default of the function.
        """
        for key in (f"{scope}/{binding}", binding):
            if key in self._bindings:
                return self._resolved(self._bindings[key])
        return None

    def reference(self, binding: str, scope: str = "") -> Reference:
        """Returns the class or function that a parameter is bound to.

        Raises:
          CheckpointError: the parameter is unbound, or bound to something else.
        """
        value = self.value(binding, scope)
        if not (isinstance(value, str) and value.startswith("@")):
            raise self.fault(binding, value, "a reference such as @Name")
        return _reference(value)

    def referenced(self, parameter: str) -> set[str]:
        """Returns what all bindings of a parameter of this name refer to, alone or in sequences."""
        names: set[str] = set()
        for key, bound in self._bindings.items():
            if key.endswith(f".{parameter}"):
                value = self._resolved(bound)
                items = value if isinstance(value, list | tuple) else [value]
                names |= {_reference(item).name for item in map(self._resolved, items) if item}
        return names

    def fault(self, binding: str, got: object, expected: str) -> CheckpointError:
        """Returns the error that tells of an unusable binding."""
        return CheckpointError(
            f"{self._source}: model_config_str: {binding} = {got!r}; expected {expected}; "
            "use a published NeuralGCM checkpoint"
        )

    def _resolved(self, value: Any) -> Any:
        followed: set[str] = set()
        while isinstance(value, str) and value.startswith("%"):
            macro = value.removeprefix("%")
            if macro in followed or macro not in self._bindings:
                raise self.fault(macro, value, "a macro that is defined, and not by itself")
            followed.add(macro)
            value = self._bindings[macro]
        return value


def _reference(text: object) -> Reference:
    scope, _, name = str(text).removeprefix("@").removesuffix("()").rpartition("/")
    return Reference(name.rpartition(".")[2], scope)


def parse_gin(text: str, source: str) -> GinBindings:
    """Reads the bindings of a gin text; the last one of a name counts, as in gin.

    Args:
      text: the gin text.
      source: the file it came from, for messages.

    Raises:
      CheckpointError: a statement is not a binding of a literal, a reference or a macro.
    """
    bindings: dict[str, Any] = {}
    try:
        for statement in _statements(text):
            name, equals, value = statement.partition("=")
            if equals:  # Statements such as `import x` bind nothing.
                bindings[_normal(name)] = ast.literal_eval(_quoted(value))
    except _NOT_GIN as error:
        raise CheckpointError(
            f"{source}: model_config_str is not gin text ({error}); expected bindings of the form "
            "`name = value`; use a published NeuralGCM checkpoint"
        ) from error
    return GinBindings(bindings, source)


def _statements(text: str) -> Iterator[str]:
    """Yields each statement without spaces; gin has Python's tokens, brackets and line joining."""
    statement = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            yield statement
            statement = ""
        elif token.type not in _SKIPPED:
            statement += token.string


def _quoted(value: str) -> str:
    """Returns a value as Python text, with references and macros quoted as strings."""
    return _STRING_OR_REFERENCE.sub(lambda match: match[1] or repr(match[2]), value)


def _normal(name: str) -> str:
    """Returns `scope/Name.parameter` without the module path that gin allows before Name."""
    scope, slash, selector = name.rpartition("/")
    return scope + slash + ".".join(selector.split(".")[-2:])
