"""Asks for any number of rows by id in one query: the ids travel as one value, which SQLite unpacks itself.

Thousands of separate query values are more than SQLite takes, and Django writes them for longer than SQLite looks.
"""

import json
from collections.abc import Collection

from django.db.models.expressions import RawSQL


def among(ids: Collection[int] | Collection[str]) -> RawSQL:
    """For ``pk__in=`` and the like."""
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(ids))])
