"""Atmospheres behind one protocol; all that is nondimensional or spectral stays in here.

An atmosphere from outside is a module with an `Engine` under the name ``ENGINE``.
"""

from ngcm_coupler.engine.description import Engine as Engine
from ngcm_coupler.engine.description import Facts as Facts
from ngcm_coupler.engine.loading import contents_rule as contents_rule
from ngcm_coupler.engine.loading import load as load
from ngcm_coupler.engine.loading import parse as parse
from ngcm_coupler.engine.registry import engine_of as engine_of
