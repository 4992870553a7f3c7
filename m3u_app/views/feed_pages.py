"""What the pages of accounts and of guide sources do alike."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import trigger_client_event

from ecm_site.htmx import done, render_dialog, wants_partial
from ecm_site.typed_numbers import numbers_in
from m3u_app.feeds.rows import FeedRow

MAX_POLLED = 200
SEARCH_FROM = 8
"""Lists shorter than this are seen at a glance; a search box would be in the way."""


@dataclass(frozen=True)
class FeedPages:
    """The pages of one kind of feed. ``word`` ("account") begins the ids of elements and names the page of one feed."""

    word: str
    namespace: str
    heading: str
    frame: str
    """The page that shows a dialog to a plain request."""
    event: str
    """What the pages are told when something about a feed changed."""

    @property
    def busy(self) -> str:
        """Name of the address that the list asks while something works."""
        return f"{self.namespace}:busy"

    @property
    def cancel(self) -> str:
        """Name of the address that stops what works on a feed."""
        return f"{self.namespace}:cancel"

    def back_to(self, request: HttpRequest, pk: int | None = None) -> str:
        """Where a plain form goes on: the feed's own page when it came from there, else the list."""
        if pk is not None and request.POST.get("back") == self.word:
            return reverse(f"{self.namespace}:{self.word}", args=[pk])
        return reverse(f"{self.namespace}:{self.word}s")

    def say(self, request: HttpRequest, pk: int | None, level: int, text: str, *, undo: int | None = None) -> HttpResponse:
        """Toast a sentence, tell the page that feeds changed, and close the dialog."""
        messages.add_message(request, level, text, extra_tags=f"undo:{undo}" if undo else "")
        return done(request, self.back_to(request, pk), self.event)

    def dialog(
        self, request: HttpRequest, partial: str, context: dict[str, Any], *, title: str, heading: str = "", status: int = 200
    ) -> HttpResponse:
        """A dialog, or the same on a page of its own for a plain request."""
        heading = heading or self.heading
        return render_dialog(request, partial, context, title=title, heading=heading, page=self.frame, status=status)

    def list_context(self, request: HttpRequest, rows: Sequence[FeedRow], *, text: str, total: int) -> dict[str, Any]:
        """What the templates of the list need: ``rows`` of ``total`` feeds, those with ``text`` in their names."""
        return {
            "feeds": self,
            "rows": rows,
            "busy": [row for row in rows if row.is_busy],
            "q": text,
            "total": total,
            "offers_search": total >= SEARCH_FROM or bool(text),
            "is_partial": wants_partial(request),
        }

    def busy_parts(self, request: HttpRequest, read: Callable[[Collection[int]], Sequence[FeedRow]]) -> HttpResponse:
        """What the list asks every two seconds while feeds named by ``id`` are busy.

        Answers just the moving parts; as soon as one of them is done, the page is told to load the whole list.
        """
        asked = set(numbers_in(request.GET.getlist("id")[:MAX_POLLED]))
        rows = read(asked)
        finished = [row for row in rows if not row.is_busy]
        context = {"feeds": self, "busy": [row for row in rows if row.is_busy], "finished": finished}
        response = render(request, "m3u_app/feeds/_busy.html", context)
        if finished or len(rows) < len(asked):
            trigger_client_event(response, self.event, {})
        return response
