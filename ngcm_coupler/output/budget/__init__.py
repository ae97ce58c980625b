"""What a run exchanges of heat, water, momentum and air, summed and closed in every interval."""
