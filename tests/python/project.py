"""Where the project's own files are, for tests that hold docs and examples to the code."""

import pathlib

ROOT = pathlib.Path(__file__).parents[2]
