"""Work on channel groups beyond creating and renaming (10 §7.4): hiding, orphans, the auto-created flag, a diagnosis."""
