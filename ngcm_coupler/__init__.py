"""NeuralGCM as the atmosphere of a coupled Earth-system model."""

__version__ = "0.1.0"
