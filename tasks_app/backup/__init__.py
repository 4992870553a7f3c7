"""Copies of the database taken before something large, and the way back to them (50 §9; archives are a later part)."""
