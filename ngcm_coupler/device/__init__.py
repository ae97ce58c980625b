"""Members of the atmosphere on a device: their states, and the compiled code that steps them."""
