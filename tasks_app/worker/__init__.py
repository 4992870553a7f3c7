"""The worker: django-q2's processes and the loop that starts, heals and ticks, under one parent (DESIGN §5)."""
