"""Signals of this app, for higher floors."""

from django.dispatch import Signal

account_refreshed = Signal()
"""Sent after a successful refresh that changed something. Arguments: ``account_id``, ``report`` (RefreshReport)."""
