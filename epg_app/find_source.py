"""Loads guide sources, also those whose secrets were written with a key that is gone."""

import logging

from ecm_site.crypto import SecretUnreadable
from epg_app.models import GuideSource

logger = logging.getLogger(__name__)

SECRET_FIELDS = ("url", "password")


def find_source(source_id: int) -> GuideSource:
    """Return the source. Secrets that this key file cannot read are empty, so that they can be typed in again.

    Raises ``GuideSource.DoesNotExist``.
    """
    try:
        return GuideSource.objects.get(pk=source_id)
    except SecretUnreadable:
        logger.warning("[EPG] Secrets of guide source id=%s cannot be read with this key file", source_id)
        source = GuideSource.objects.defer(*SECRET_FIELDS).get(pk=source_id)
        for field in SECRET_FIELDS:
            setattr(source, field, "")
        return source
