"""What couplers need of a run: their files, made from its namelist, and checks of them."""
