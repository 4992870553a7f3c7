"""Somebody in edit mode, and what tests of drafts compare: the rows of a lineup exactly as they are stored.

A module says what is in the lineup when the draft is opened with a fixture ``before_draft`` of its own.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from channels_app.drafts.lives import discard, open_draft
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import LINEUP, columns_of, listed, quoted
from channels_app.models import Draft, DraftStep

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("op", password="x")


@pytest.fixture
def visitor(user: Any) -> Client:
    """The pages as ``user`` gets them."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def before_draft() -> None:
    """An empty lineup."""


@pytest.fixture
def draft(user: Any, before_draft: None) -> Iterator[Draft]:
    """The open draft of ``user``, who is in edit mode."""
    draft = open_draft(user)
    yield draft
    discard(draft)


def steps_of(draft: Draft) -> list[str]:
    """What the steps of the draft are called, oldest first."""
    with working_in(draft):
        return list(DraftStep.objects.order_by("pk").values_list("description", flat=True))


def stored_rows() -> Rows:
    """Every row of every table of the lineup, as the connection in use has them."""
    connection.ensure_connection()
    raw = connection.connection
    found = {}
    for table in LINEUP:
        columns = columns_of(raw, table.name)
        rows = raw.execute(f"SELECT {listed(columns)} FROM {quoted(table.name)} ORDER BY id").fetchall()
        found[table.name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


def rows_in(draft: Draft) -> Rows:
    with working_in(draft):
        return stored_rows()
