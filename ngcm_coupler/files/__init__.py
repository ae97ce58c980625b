"""Files of users: claimed by who writes them, watched while they grow, replaced as a whole."""

from ngcm_coupler.files.claims import Claims as Claims
from ngcm_coupler.files.claims import require_free as require_free
from ngcm_coupler.files.grown import Grown as Grown
from ngcm_coupler.files.kept import free_name as free_name
from ngcm_coupler.files.kept import keep_other as keep_other
from ngcm_coupler.files.made import require_made as require_made
from ngcm_coupler.files.whole import kind_of as kind_of
from ngcm_coupler.files.whole import replaced as replaced
from ngcm_coupler.files.whole import require_file as require_file
from ngcm_coupler.files.whole import write_text as write_text
