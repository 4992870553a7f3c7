"""Which tables a draft copies, and the statements that make them in its file."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import models

from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    DraftChange,
    DraftProblem,
    DraftStep,
    HiddenGroup,
    Logo,
    ProfileMembership,
    StreamProfile,
)

FIRST_TEMPORARY_ID = 2**40
"""Rows that a draft creates get ids from here on (10 §13.3); no table of the main database ever comes near."""

META = "draft_meta"
SKIPPED = "draft_skipped"


@dataclass(frozen=True)
class LineupTable:
    """``parent`` is the column with the channel's id, for rows that belong to a channel and go along with it."""

    name: str
    parent: str | None = None

    @property
    def key(self) -> str:
        """The column by which rows are followed on the server: those of one channel go together."""
        return self.parent or "id"


def _table(model: type[models.Model], parent: str | None = None) -> LineupTable:
    return LineupTable(model._meta.db_table, parent)


CHANNELS = _table(Channel)
GROUPS = _table(ChannelGroup)
STREAMS = _table(ChannelStream, "channel_id")
PROFILES = _table(ChannelProfile)
MEMBERSHIPS = _table(ProfileMembership, "channel_id")
STREAM_PROFILES = _table(StreamProfile)
LOGOS = _table(Logo)
HIDDEN_GROUPS = _table(HiddenGroup)

LINEUP = (GROUPS, PROFILES, STREAM_PROFILES, LOGOS, HIDDEN_GROUPS, CHANNELS, STREAMS, MEMBERSHIPS)
"""In the order of writing: what others point to comes first, what belongs to a channel comes after it."""

OWN = tuple(model._meta.db_table for model in (DraftStep, DraftChange, DraftProblem))
STEPS, CHANGES, PROBLEMS = OWN

# A group made in the draft and one made meanwhile on the server may have the same name until the draft is applied.
_NAMES_NOT_UNIQUE = {GROUPS.name, PROFILES.name, STREAM_PROFILES.name}


def make_statements(connection: Any, schema: str) -> tuple[list[str], list[str]]:
    """Statements that make the tables, and those that make their indexes, as ``schema`` has them now."""
    names = [table.name for table in LINEUP] + list(OWN)
    marks = ", ".join("?" * len(names))
    found = connection.execute(
        f"SELECT type, tbl_name, sql FROM {schema}.sqlite_master"  # noqa: S608 - our own names
        f" WHERE tbl_name IN ({marks}) AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type, name",
        names,
    ).fetchall()
    tables = [sql for kind, _, sql in found if kind == "table"]
    indexes = [
        sql.replace("CREATE UNIQUE INDEX", "CREATE INDEX", 1) if table in _NAMES_NOT_UNIQUE else sql
        for kind, table, sql in found
        if kind == "index"
    ]
    return tables, indexes


def fingerprint_of(connection: Any, schema: str) -> str:
    """Changes with the shape of the lineup's tables: an update of the program may have changed it under a draft."""
    tables, indexes = make_statements(connection, schema)
    return hashlib.sha256("\n".join(tables + indexes).encode()).hexdigest()[:16]


def columns_of(connection: Any, table: str, schema: str = "main") -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({quoted(table)})").fetchall()]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def listed(columns: list[str], prefix: str = "") -> str:
    """Column names for a statement: ``"id", "name"`` or ``new."id", new."name"``."""
    return ", ".join(f"{prefix}{quoted(column)}" for column in columns)
