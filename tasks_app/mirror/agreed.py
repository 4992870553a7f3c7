"""What a link remembers of a row: the values that both sides agreed on, what was sent without an answer, and stand-ins."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection
from django.utils import timezone

from tasks_app.mirror.compare import same
from tasks_app.mirror.kinds import Values
from tasks_app.models import MirrorLink

Found = tuple[Values, Values]
"""What the server says of a row: its fields and its books."""


def known_base(link: MirrorLink, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Values:
    """What both sides agreed on, as far as that is certain: of values whose answer was lost the server has either the old
    one or the one that was sent. Where it has neither, and ours looks untouched, nobody can say who changed it last."""
    base = dict(link.agreed)
    for name, value in link.sent.items():
        if name not in theirs or same(theirs[name], base.get(name)):
            continue
        if same(theirs[name], value):
            base[name] = value
        elif same(ours.get(name), base.get(name)):
            base.pop(name, None)
    return base


def as_agreed(link: MirrorLink, server: Found | None) -> Found | None:
    """The row with what it was called before ECM gave it a stand-in. Of one that has another value by now that is forgotten."""
    if server is None:
        return None
    values, books = server
    link.stand_in = {name: value for name, value in link.stand_in.items() if same(values.get(name), value)}
    return {**values, **{name: link.agreed[name] for name in link.stand_in if name in link.agreed}}, books


def write_links(links: Collection[MirrorLink]) -> None:
    """Store what is agreed on now."""
    if not links:
        return
    encode = MirrorLink._meta.get_field("agreed").get_db_prep_value
    now = timezone.now()
    moment = MirrorLink._meta.get_field("pulled_at").get_db_prep_value(now, connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {MirrorLink._meta.db_table} SET agreed = %s, sent = %s, stand_in = %s, pulled_at = %s WHERE id = %s",  # noqa: S608
            [
                (*(encode(value, connection) for value in (link.agreed, link.sent, link.stand_in)), moment, link.pk)
                for link in links
            ],
        )
