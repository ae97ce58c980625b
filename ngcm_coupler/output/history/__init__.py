"""Fields over time as CF netCDF files, written beside the run.

`History` takes the fields of every coupling interval and makes records of them: `schedule` says
when and into which file, `means` adds up, `writer` is the thread, `file` what it writes.
"""

from ngcm_coupler.output.history.file import Existing as Existing
from ngcm_coupler.output.history.history import Continued as Continued
from ngcm_coupler.output.history.history import History as History
from ngcm_coupler.output.history.history import needs_levels as needs_levels
from ngcm_coupler.output.history.layout import LEFT_OUT as LEFT_OUT
from ngcm_coupler.output.history.layout import SAMPLED as SAMPLED
from ngcm_coupler.output.history.layout import SETTINGS as SETTINGS
from ngcm_coupler.output.history.layout import settings_text as settings_text
