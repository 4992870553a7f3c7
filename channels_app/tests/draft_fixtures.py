"""What tests of drafts compare: the rows of a lineup exactly as they are stored."""

from typing import Any

from django.db import connection

from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import LINEUP, columns_of, listed, quoted
from channels_app.models import Draft

Rows = dict[str, list[dict[str, Any]]]


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
