"""Auto-sync (20 §4.2–4.4): keeps channels in step with the streams of chosen provider groups."""
