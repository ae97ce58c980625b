"""An atmosphere from outside: a regular grid, levels of constant pressure, no weights.

Each level turns as a solid body, carries its temperature and humidity round by upstream
differences, and relaxes towards what the sea below it would have.
"""

from __future__ import annotations

from typing import Any

from ngcm_coupler.engine import Engine, Facts

STEP_SECONDS = 1800
NLON, NLAT = 20, 12


class PressurePlanet(Engine):
    start_date = "2001-03-01T00:00:00"

    def facts(self, config: Any) -> Facts:
        from ngcm_coupler.grid import RegularGrid

        return Facts(RegularGrid(NLON, NLAT), STEP_SECONDS)

    def build(self, config: Any, mesh: Any) -> Any:
        return _atmosphere_class()(self.facts(config), self.start_date)


def _atmosphere_class() -> type:
    import jax
    import jax.numpy as jnp
    import numpy as np

    from ngcm_coupler.air import Columns, LowestLevel, SurfaceState
    from ngcm_coupler.engine.atmosphere import InitialData

    pressures = np.array([10000.0, 30000.0, 50000.0, 70000.0, 85000.0, 95000.0])
    surface = 100000.0
    middles = 0.5 * (pressures[1:] + pressures[:-1])
    interfaces = np.concatenate([[0.0], middles, [surface]])
    winds = np.array([30.0, 25.0, 20.0, 15.0, 10.0, 8.0])  # at the equator [m s-1]

    class Planet:
        name = "pressure-planet"
        budgets_water = predicts_precipitation = False
        dynamical_core = ""
        parameters: dict[str, Any] = {}  # noqa: RUF012

        def __init__(self, facts: Facts, start: str) -> None:
            self.grid, self.step_seconds, self.levels = facts.grid, facts.step_seconds, facts.levels
            self.land_area_fraction = np.zeros(self.grid.size)
            self.nominal_levels = pressures / surface
            self._start = start

        def initial_data(self, start: str | None) -> InitialData:
            latitude = jnp.asarray(self.grid.position[1])
            warm = 300.0 - 30.0 * jnp.sin(latitude) ** 2
            sea = SurfaceState(jnp.maximum(warm, 271.35), jnp.zeros_like(warm))
            return InitialData(start or self._start, sea.sea_surface_temperature, sea)

        def encode(self, parameters: Any, fields: jax.Array, key: jax.Array) -> dict:
            temperature, humidity = self._balance(fields)
            # Something to be carried round, which the sea would not give.
            wave = jnp.cos(2.0 * jnp.asarray(self.grid.position[0]))
            return {"temperature": temperature + wave, "humidity": humidity}

        def state_template(self) -> dict:
            fields = self.initial_data(None).fields
            return jax.eval_shape(self.encode, {}, fields, jax.random.key(0))

        def with_date(self, state: dict, day: Any, second: Any) -> dict:
            return state

        def step(self, parameters: Any, state: dict, surface: SurfaceState) -> dict:
            balance = self._balance(surface.sea_surface_temperature)
            # Solid-body rotation crosses the same part of a column in every row.
            width = 2.0 * np.pi * 6.371e6 / NLON
            part = jnp.asarray(winds * STEP_SECONDS / width, jnp.float32)[:, None, None]
            relaxed = {}
            for (name, field), towards in zip(sorted(state.items()), balance[::-1], strict=True):
                rows = field.reshape(-1, NLAT, NLON)
                carried = rows - part * (rows - jnp.roll(rows, 1, axis=-1))
                carried = carried.reshape(field.shape)
                relaxed[name] = carried + STEP_SECONDS / 172800.0 * (towards - carried)
            return relaxed

        def dry_air_pressure(self, state: dict) -> jax.Array:
            return jnp.full((), surface, jnp.float32)

        def with_mass_scaled(self, state: dict, logarithm: jax.Array) -> dict:
            return state

        def with_increments(self, state: dict, increments: Any) -> dict:
            added = {
                "temperature": increments.air_temperature, "humidity": increments.specific_humidity
            }  # fmt: skip
            return {k: x if added[k] is None else x + added[k] for k, x in state.items()}

        def lowest_level(self, parameters: Any, state: dict) -> LowestLevel:
            temperature, humidity = state["temperature"][-1], state["humidity"][-1]
            level = jnp.zeros_like(temperature)
            east = winds[-1] * jnp.cos(jnp.asarray(self.grid.position[1]))
            height = 287.0 * temperature / 9.81 * np.log(surface / pressures[-1])
            return LowestLevel(
                height, east, level, temperature, humidity, level + pressures[-1], level + surface,
                level,
            )  # fmt: skip

        def columns(self, parameters: Any, state: dict) -> Columns:
            clear = jnp.zeros_like(state["temperature"])
            at = jnp.asarray(interfaces, jnp.float32)[:, None]
            return Columns(
                state["temperature"], state["humidity"], clear, clear,
                clear + jnp.asarray(pressures, jnp.float32)[:, None],
                at + jnp.zeros_like(clear[:1]),
            )  # fmt: skip

        def surface_water(self, state: dict) -> Any:
            raise NotImplementedError  # budgets_water says that it is never asked

        def pressure_levels(self, parameters: Any, state: dict, surface: Any) -> dict:
            return {}

        def _balance(self, sea: jax.Array) -> tuple[jax.Array, jax.Array]:
            ratio = jnp.asarray(pressures / surface, jnp.float32)[:, None]
            humidity = 0.012 * jnp.exp(0.06 * (sea - 300.0)) * ratio**3
            return (sea - 1.0) * ratio**0.19, humidity

    return Planet


ENGINE = PressurePlanet()
