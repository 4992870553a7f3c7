"""Loads feeds, also those whose secrets were written with a key that is gone."""

import logging
from collections.abc import Collection
from typing import TypeVar

from django.db import models

from ecm_site.crypto import SecretUnreadable

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=models.Model)


def find_feed(model: type[M], pk: int, secrets: Collection[str]) -> M:
    """Return the row. ``secrets`` that this key file cannot read are empty, so that they can be typed in again.

    Raises ``DoesNotExist`` of the model.
    """
    rows = model._default_manager
    try:
        return rows.get(pk=pk)
    except SecretUnreadable:
        app = model._meta.app_label.removesuffix("_app").upper()
        logger.warning("[%s] Secrets of %s id=%s cannot be read with this key file", app, model._meta.verbose_name, pk)
        found = rows.defer(*secrets).get(pk=pk)
        for field in secrets:
            setattr(found, field, "")
        return found
