"""The parts of the task cards that are kept fresh while they are looked at."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tasks_app.live_parts import Seen, stamp_of, wrapped
from tasks_app.task_cards import TaskCard

POLLER = "task-poller"
PARTS = {
    "head": ("tasks_app/_task_head.html", "task-head"),
    "strip": ("tasks_app/_task_strip.html", "task-live"),
    "schedules": ("tasks_app/_task_schedules.html", "task-schedules"),
}


def render_part(kind: str, card: TaskCard) -> SafeString:
    """Part ``kind`` of a card, for the page."""
    return wrapped(kind, card.task_id, _content(kind, card), poller=POLLER, css=PARTS[kind][1])


def fresh_part(seen: Seen, card: TaskCard) -> SafeString | None:
    """The part that replaces ``seen`` on the page; None when it shows the same still, or is not one of ours."""
    if seen.kind not in PARTS:
        return None
    content = _content(seen.kind, card)
    if stamp_of(content) == seen.stamp:
        return None
    return wrapped(seen.kind, card.task_id, content, poller=POLLER, css=PARTS[seen.kind][1], swap=True)


def _content(kind: str, card: TaskCard) -> SafeString:
    """Rendered without the request, so that only what it shows decides about its stamp."""
    return render_to_string(PARTS[kind][0], {"card": card})
