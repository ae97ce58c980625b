"""Ways to spoil a file: blindly, as text, as netCDF, and as a checkpoint."""
