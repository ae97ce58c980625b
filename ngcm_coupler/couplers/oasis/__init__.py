"""The coupling through OASIS3-MCT: what is exchanged, and the files that say so to OASIS."""
