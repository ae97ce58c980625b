"""The published NeuralGCM models behind the protocol of an atmosphere."""
