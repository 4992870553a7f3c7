"""Finding channels and streams (10 §3, §4): which groups are of which kind, what is on air, addresses, the palette."""
