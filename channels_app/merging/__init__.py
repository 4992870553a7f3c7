"""Finding channels that mean the same station, and making one of them without losing a stream (10 §15)."""
