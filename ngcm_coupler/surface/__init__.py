"""The exchange with the surface that published models lack, as pure functions."""
