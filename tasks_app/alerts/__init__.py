"""Outgoing alerts (50 §4): events are filtered and stored (``raise_alert``), collected, and sent by the worker (``sender``)."""
