"""The published models' dynamical core in a layout that is fast, and two parts around it.

From the inside out: `tables` (matrices), `layout` (the state as one array), `transform` (spectral
transforms), `equations` (products on the grid), `tendency` (the explicit terms), `step` (implicit
terms and integrator), `corrector` (the part of a model that it replaces). `harmonics` and
`soft_clip` serve the learned physics; `coverage` says which models have these equations, and
`configuration` puts all of them into one.
"""
