"""What other floors may listen to."""

from django.dispatch import Signal

source_refreshed = Signal()
"""Sent after a refresh that changed something. Arguments: ``source_id`` (int), ``report`` (:class:`ImportReport`)."""
