"""Marks about the mirrored server: in the header, and beside rows whose changes it does not have yet."""

from django import template

from tasks_app.mirror_pages.header import ServerMark, server_mark
from tasks_app.mirror_pages.live import live_status
from tasks_app.mirror_pages.waits import WaitingRow, WaitingRows, waiting_rows

register = template.Library()


@register.inclusion_tag("tasks_app/mirror/_mark.html", takes_context=True)
def server_mark_in_header(context: template.Context) -> dict[str, ServerMark | None]:
    """How many changes wait for the server or need an answer; nothing while no server is mirrored."""
    return {"mark": server_mark(context.get("request"))}


@register.inclusion_tag("tasks_app/mirror/_waits.html", takes_context=True)
def waits_for_server(context: template.Context, kind: str, local_id: int) -> dict[str, WaitingRow | None]:
    """A small mark that leads to the change of this row which waits for the server; nothing when none waits.

    Reads ``waits`` of the context (:func:`tasks_app.mirror_pages.waits.waiting_rows` for all rows of the page). A page about a
    single row may leave it out and spends one query here.
    """
    known = context.get("waits")
    rows = known if isinstance(known, WaitingRows) else waiting_rows({kind: [local_id]})
    return {"row": rows.of(kind, local_id)}


@register.inclusion_tag("tasks_app/mirror/_live.html", takes_context=True)
def live_strip(context: template.Context) -> dict[str, object]:
    """What is being watched, in one line; nothing while no server is mirrored. One query, and the server is not asked: the
    page does that once it is on the screen."""
    shown = server_mark(context.get("request")) is not None
    return {"live": live_status() if shown else None, "asks_at_once": True}


@register.filter
def value_of(values: dict[str, str], name: str) -> str:
    """What a form sent under ``name``."""
    return values.get(name, "")
