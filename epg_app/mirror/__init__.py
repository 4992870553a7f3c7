"""Guide sources, entries and programmes on a mirrored Dispatcharr server (``tasks_app.mirror``)."""
