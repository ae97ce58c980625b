"""The dynamical core of the published models, in a layout that is fast."""
