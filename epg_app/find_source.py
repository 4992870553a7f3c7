"""Loads guide sources, also those whose secrets were written with a key that is gone."""

from epg_app.models import GuideSource
from m3u_app.feeds.find import find_feed

SECRET_FIELDS = ("url", "password")


def find_source(source_id: int) -> GuideSource:
    """As :func:`find_feed`. Raises ``GuideSource.DoesNotExist``."""
    return find_feed(GuideSource, source_id, SECRET_FIELDS)
