"""Between the atmosphere's grid and the surface models': overlaps, weights, and their files."""
