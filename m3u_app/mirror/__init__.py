"""Accounts, their groups, filters, profiles and streams on a mirrored Dispatcharr server (``tasks_app.mirror``)."""
