"""Components of the analytic atmosphere."""

import pytest
from analytic_host import NAMELIST

from ngcm_coupler.component import Component


@pytest.fixture
def create(tmp_path):
    """Creates components that are closed at the end of the test."""
    created = []

    def make(extra="", text=NAMELIST):
        namelist = tmp_path / f"run{len(created)}.nml"
        namelist.write_text(text + extra)
        created.append(Component.create(str(namelist)))
        return created[-1]

    yield make
    for component in created:
        component.close()


@pytest.fixture
def component(create):
    return create()
