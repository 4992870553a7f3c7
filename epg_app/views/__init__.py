"""Pages of guide sources, guide channels and their programmes."""
