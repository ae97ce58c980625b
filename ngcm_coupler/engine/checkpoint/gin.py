"""A reader of gin text, for the few facts that describe a model without building it.

Upstream's own parser wants every configurable imported and registered, which takes seconds. The
text of a checkpoint is simpler than the language allows: bindings of literals, references and
macros, which is what this reads. Nothing is executed.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ngcm_coupler.errors import CheckpointError

_SKIPPED = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


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
        target = value.removeprefix("@").removesuffix("()")
        scope, _, name = target.rpartition("/")
        return Reference(name.rpartition(".")[2], scope)

    def values(self, parameter: str) -> list[Any]:
        """Returns what every binding of a parameter of this name is bound to."""
        found = (value for key, value in self._bindings.items() if key.endswith(f".{parameter}"))
        return [self._resolved(value) for value in found]

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
            # Statements of the forms `import x` and `include 'x'` bind nothing.
            if "=" in statement:
                equals = statement.index("=")
                source_text = _quoted(statement[equals + 1 :])
                bindings[_normal("".join(statement[:equals]))] = ast.literal_eval(source_text)
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise CheckpointError(
            f"{source}: model_config_str is not gin text ({error}); expected bindings of the form "
            "`name = value`; use a published NeuralGCM checkpoint"
        ) from error
    return GinBindings(bindings, source)


def _statements(text: str) -> Iterator[list[str]]:
    """Yields the tokens of each statement. Gin has Python's tokens, brackets and line joining."""
    statement: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            yield statement
            statement = []
        elif token.type not in _SKIPPED:
            statement.append(token.string)


def _quoted(tokens: list[str]) -> str:
    """Returns a value as Python text, with references and macros quoted as strings."""
    parts: list[str] = []
    reading = ""  # The reference being put together from its tokens.
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in ("@", "%"):
            reading = token
        elif reading and (token in "/.()" or token.isidentifier()):
            reading += token
        else:
            parts.append(token)
            continue
        # A bracket that follows is the call `@Name()` only if it opens.
        if not (following in ("/", ".", "(") or following.isidentifier() or reading[-1] == "("):
            parts.append(repr(reading))
            reading = ""
    return " ".join(parts)


def _normal(name: str) -> str:
    """Returns `scope/Name.parameter` without the module path that gin allows before Name."""
    scope, slash, selector = name.rpartition("/")
    return scope + slash + ".".join(selector.split(".")[-2:])
