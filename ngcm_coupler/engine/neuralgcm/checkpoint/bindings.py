"""The structure of a model as its gin text binds it, read and to be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ngcm_coupler.errors import CheckpointError, quoted


@dataclass(frozen=True)
class Reference:
    """What `@scope/Name` names, a class or function in the scope of its bindings.

    Attributes:
      name: without the module path that gin allows before it.
      scope: scopes, joined by slashes.
      called: whether `()` follows: then the value is what it returns.
    """

    name: str
    scope: str = ""
    called: bool = False

    @property
    def selector(self) -> str:
        """`scope/Name`, as keys of its parameters begin."""
        return f"{self.scope}/{self.name}" if self.scope else self.name

    def __str__(self) -> str:
        return f"@{self.selector}{'()' if self.called else ''}"


@dataclass(frozen=True)
class Macro:
    """What `%name` names: the value that the text gives to `name`."""

    name: str

    def __str__(self) -> str:
        return f"%{self.name}"


class GinBindings:
    """The bindings and macros of a gin text; the last one of a name counts, as in gin.

    A literal has its Python value; references and macros are objects of their own.
    """

    def __init__(self, bindings: Mapping[str, Any], source: str) -> None:
        self._bindings = bindings
        self._source = source

    def text(self) -> str:
        """Returns gin text of the same meaning, a line for each name."""
        return "".join(f"{name} = {printed(value)}\n" for name, value in self._bindings.items())

    def value(self, binding: str, scope: str = "") -> Any:
        """Returns what `Name.parameter` is bound to in a scope, or None where it is unbound.

        Gin's None and an unbound parameter both mean the default of the function.
        """
        for key in (f"{scope}/{binding}", binding):
            if key in self._bindings:
                return self.resolved(self._bindings[key])
        return None

    def reference(self, binding: str, scope: str = "") -> Reference:
        """Returns the class or function that a parameter is bound to.

        Raises:
          CheckpointError: the parameter is unbound, or bound to something else.
        """
        value = self.value(binding, scope)
        if not isinstance(value, Reference):
            raise self.fault(binding, value, "a reference such as @Name")
        return value

    def referenced(self, parameter: str) -> set[str]:
        """Returns what all bindings of a parameter of this name refer to, alone or in sequences."""
        names: set[str] = set()
        for key, bound in self._bindings.items():
            if key.endswith(f".{parameter}"):
                value = self.resolved(bound)
                items = value if isinstance(value, list | tuple) else [value]
                found = map(self.resolved, items)
                names |= {item.name for item in found if isinstance(item, Reference)}
        return names

    def names(self) -> Iterator[str]:
        """Yields the names that are bound."""
        yield from self._bindings

    def references(self) -> Iterator[Reference]:
        """Yields every reference in any value."""
        for value in self._bindings.values():
            yield from _references(value)

    def fault(self, binding: str, got: object, expected: str) -> CheckpointError:
        """Returns the error that tells of an unusable binding."""
        shown = str(got) if isinstance(got, Reference) else quoted(got)
        return CheckpointError(
            f"{self._source}: model_config_str: {binding} = {shown}; expected {expected}; "
            "use a published NeuralGCM checkpoint"
        )

    def resolved(self, value: Any) -> Any:
        """Returns a value, or what it stands for if it is a macro."""
        while isinstance(value, Macro):  # the reader has seen that this ends
            value = self._bindings[value.name]
        return value


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references(item)


def printed(value: Any) -> str:
    """Returns a value as gin text, in one line."""
    match value:
        case Reference() | Macro():
            return str(value)
        case tuple():
            return f"({', '.join(map(printed, value))}{',' if len(value) == 1 else ''})"
        case list():
            return f"[{', '.join(map(printed, value))}]"
        case dict():
            return f"{{{', '.join(f'{printed(k)}: {printed(v)}' for k, v in value.items())}}}"
        case _:
            return ascii(value)
