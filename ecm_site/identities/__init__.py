"""Users whom another server vouches for: signing in, linking, unlinking (50 §7.5, §7.6)."""
