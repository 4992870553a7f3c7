"""The lineup on a mirrored Dispatcharr server (``tasks_app.mirror``)."""
