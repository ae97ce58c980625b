"""Initial states in files, as ERA5 and its copies have them: found, put in order and judged.

Needs neither JAX nor the model, so that ``check`` says in a moment what a run would say.
"""

from ngcm_coupler.engine.neuralgcm.initial_state.reading import State as State
from ngcm_coupler.engine.neuralgcm.initial_state.reading import check_state as check_state
from ngcm_coupler.engine.neuralgcm.initial_state.reading import clock_at as clock_at
from ngcm_coupler.engine.neuralgcm.initial_state.reading import demo_path as demo_path
from ngcm_coupler.engine.neuralgcm.initial_state.reading import read_state as read_state
from ngcm_coupler.engine.neuralgcm.initial_state.sea import Sea as Sea
