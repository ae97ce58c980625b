"""Units as people and programs write them: whether two spellings mean the same.

Not all of UDUNITS: what files of the atmosphere and of the sea have. A unit that is not understood
is nobody's fault; whoever asks decides what to do without it.
"""

from __future__ import annotations

import dataclasses
import math
import re

_SYMBOLS: dict[str, tuple[float, dict[str, int]]] = {
    "K": (1.0, {"K": 1}),
    # Those with another zero are units of their own: no factor leads from one to the other.
    "degC": (1.0, {"degC": 1}),
    "degF": (1.0, {"degF": 1}),
    "m": (1.0, {"m": 1}),
    "dam": (10.0, {"m": 1}),
    "km": (1.0e3, {"m": 1}),
    "cm": (1.0e-2, {"m": 1}),
    "mm": (1.0e-3, {"m": 1}),
    "gpm": (1.0, {"m": 1}),
    "gpdam": (10.0, {"m": 1}),
    "ft": (0.3048, {"m": 1}),
    "s": (1.0, {"s": 1}),
    "min": (60.0, {"s": 1}),
    "h": (3600.0, {"s": 1}),
    "day": (86400.0, {"s": 1}),
    "kg": (1.0, {"kg": 1}),
    "g": (1.0e-3, {"kg": 1}),
    "mg": (1.0e-6, {"kg": 1}),
    "Pa": (1.0, {"kg": 1, "m": -1, "s": -2}),
    "hPa": (1.0e2, {"kg": 1, "m": -1, "s": -2}),
    "kPa": (1.0e3, {"kg": 1, "m": -1, "s": -2}),
    "bar": (1.0e5, {"kg": 1, "m": -1, "s": -2}),
    "J": (1.0, {"kg": 1, "m": 2, "s": -2}),
    "W": (1.0, {"kg": 1, "m": 2, "s": -3}),
    "N": (1.0, {"kg": 1, "m": 1, "s": -2}),
    "knot": (0.514444, {"m": 1, "s": -1}),
    "mph": (0.44704, {"m": 1, "s": -1}),
    "%": (1.0e-2, {}),
    "1": (1.0, {}),
    "rad": (1.0, {"rad": 1}),
    "deg": (math.pi / 180.0, {"rad": 1}),
}

_SPELLINGS = {
    "K": "kelvin kelvins degk deg_k degree_kelvin degrees_kelvin",
    "degC": "c °c celsius deg_c degc degree_c degrees_c degree_celsius degrees_celsius",
    "degF": "f °f fahrenheit deg_f degf degree_f degrees_f degree_fahrenheit degrees_fahrenheit",
    "m": "metre metres meter meters",
    "km": "kilometre kilometres kilometer kilometers",
    "gpm": "geopotential_metre geopotential_meter geopotential_metres geopotential_meters",
    "s": "sec second seconds",
    "min": "minute minutes",
    "h": "hr hrs hour hours",
    "day": "d days",
    "kg": "kilogram kilograms",
    "g": "gram grams",
    "Pa": "pa pascal pascals",
    "hPa": "hpa mb mbar millibar millibars hectopascal hectopascals",
    "J": "joule joules",
    "W": "watt watts",
    "knot": "kn kt kts knots",
    "%": "percent per_cent",
    "1": "- none dimensionless unitless fraction proportion (0-1) 0-1",
    "rad": "radian radians",
    "deg": "degree degrees",
}
_KNOWN = {
    **{spelling: symbol for symbol, row in _SPELLINGS.items() for spelling in row.split()},
    **{symbol: symbol for symbol in _SYMBOLS},
}

_PLAIN = str.maketrans("²³¹⁰⁴⁻·", "23104- ")
_PART = re.compile(r"(.*?)([-+]?\d{0,3})")


_LARGEST_POWER = 9


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit as a factor times powers of basic ones.

    Attributes:
      factor: times the basic ones.
      powers: of the basic units, by name, none of them zero.
    """

    factor: float
    powers: tuple[tuple[str, int], ...]

    def means(self, other: Unit) -> bool:
        """Whether both are the same unit."""
        return self.powers == other.powers and math.isclose(
            self.factor, other.factor, rel_tol=1.0e-4
        )


def unit_of(text: str) -> Unit | None:
    """The unit that a text means; None for one that is not understood, and for none.

    Args:
      text: such as ``m s-1``, ``m s**-1``, ``m/s``, ``kg kg^-1``.
    """
    text = text.translate(_PLAIN).replace("**", "").replace("^", "").strip()
    if not text or len(text) > 100:
        return None
    if whole := _symbol(text.replace(" ", "")) or _symbol(text.replace(" ", "_")):
        return _product([(whole, 1)])
    parts: list[tuple[str, int]] = []
    text = re.sub(r"\bper\b", "/", text).replace(".", " ").replace("*", " ")
    for word in text.replace("/", " / ").split():
        if word == "/":
            parts.append((word, 0))
            continue
        found = _PART.fullmatch(word)
        if symbol := _symbol(word):
            exponent = 1
        elif found and (symbol := _symbol(found[1])) and found[2].strip("+-"):
            exponent = int(found[2])
        else:
            return None
        if abs(exponent) > _LARGEST_POWER:
            return None
        below = bool(parts) and parts[-1][0] == "/"
        parts.append((symbol, -exponent if below else exponent))
    given = [part for part in parts if part[0] != "/"]
    return _product(given) if given else None


def behind(units: str) -> str:
    """The unit as it stands behind a number in a message, after a blank; '1' is left out."""
    return "" if units in ("", "1") else f" {units}"


def _symbol(text: str) -> str:
    return _KNOWN.get(text) or _KNOWN.get(text.lower(), "") if text else ""


def _product(parts: list[tuple[str, int]]) -> Unit:
    factor, powers = 1.0, dict[str, int]()
    for symbol, exponent in parts:
        size, basic = _SYMBOLS[symbol]
        factor *= size**exponent
        for name, power in basic.items():
            powers[name] = powers.get(name, 0) + power * exponent
    return Unit(factor, tuple(sorted((name, power) for name, power in powers.items() if power)))
