"""What programs ask about tasks and schedules, as JSON (50 §1.11)."""
