"""Physical constants, SI units, each with its source."""

from __future__ import annotations

EARTH_RADIUS = 6.37122e6
"""Radius of the Earth [m]. Source: dinosaur's scales, the value published checkpoints use."""

GRAVITY = 9.80616
"""Acceleration of gravity [m s-2]. Source: dinosaur's scales, as above."""

SPECIFIC_HEAT_DRY_AIR = 1004.0
"""Specific heat of dry air at constant pressure [J kg-1 K-1]. Source: dinosaur's scales."""

KAPPA = 2.0 / 7.0
"""Gas constant over specific heat of dry air [1]. Source: dinosaur's scales."""

GAS_CONSTANT_DRY_AIR = KAPPA * SPECIFIC_HEAT_DRY_AIR
"""Specific gas constant of dry air [J kg-1 K-1]. Source: dinosaur's scales, as above."""

GAS_CONSTANT_WATER_VAPOUR = 461.0
"""Specific gas constant of water vapour [J kg-1 K-1]. Source: dinosaur's scales."""

VIRTUAL_TEMPERATURE_FACTOR = GAS_CONSTANT_WATER_VAPOUR / GAS_CONSTANT_DRY_AIR - 1.0
"""Virtual temperature is T (1 + factor q) [1]."""

ZERO_CELSIUS = 273.15
"""0 degrees Celsius [K]."""

REFERENCE_PRESSURE = 1.0e5
"""Pressure to which potential temperature refers [Pa]."""

VON_KARMAN = 0.4
"""Von Karman constant [1]. Source: Fairall et al. (2003), sec. 2."""

SALINITY_HUMIDITY_FACTOR = 0.98
"""Vapour pressure over sea water over that over fresh water [1]. Source: Kraus (1972)."""
