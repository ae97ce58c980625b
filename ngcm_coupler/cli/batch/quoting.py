"""Text of a user's in a job script: as a word of the shell, and in a line for the batch system.

A script has lines, and is indented: what holds a control character other than a tab has no place in
one, and is refused before anything is written.
"""

from __future__ import annotations

import shlex
import unicodedata

from ngcm_coupler.errors import ConfigError, shown


def one_line(what: str, text: str) -> str:
    """The text, which stays on its line.

    Args:
      what: it is, for the message.
      text: as it was given.

    Raises:
      ConfigError: it holds a line end or another control character.
    """
    if any(unicodedata.category(letter) == "Cc" and letter != "\t" for letter in text):
        raise ConfigError(
            f"{what} '{shown(text)}' holds a control character, which no job script can; rename it"
        )
    return text


def word(text: str) -> str:
    """The text as one word of a POSIX shell, in which nothing is expanded."""
    return shlex.quote(text)
