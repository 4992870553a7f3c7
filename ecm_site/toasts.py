"""Turns Django messages into toasts, whether they travel in a page or in the header of a partial answer."""

from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

UNDO_TAG = "undo:"
UNDO_BATCH_TAG = "undo-batch:"
UNDO_STEP_TAG = "undo-step:"
RUN_TAG = "run:"


class Toast(TypedDict):
    level: str
    text: str
    undo: str  # address that takes the change back when posted to; empty = no such button
    run: str  # address of the page of the run that was started; empty = no such link


def waiting_toasts(request: HttpRequest) -> list[Toast]:
    """Return and consume the messages of this sign-in.

    A message with ``extra_tags="undo:<journal entry id>"``, ``"undo-batch:<batch id>"`` or ``"undo-step:<id>"`` (a step of a
    draft) gets an undo button, one with ``"run:<run id>"`` a link to that run.
    """
    return [
        {
            "level": message.level_tag,
            "text": str(message),
            "undo": _undo_address(message.extra_tags or ""),
            "run": _run_address(message.extra_tags or ""),
        }
        for message in messages.get_messages(request)
    ]


def _run_address(tags: str) -> str:
    for tag in tags.split():
        run_id = tag.removeprefix(RUN_TAG)
        if tag.startswith(RUN_TAG) and run_id.isdigit():
            return reverse("tasks:run", args=[int(run_id)])
    return ""


def _undo_address(tags: str) -> str:
    for tag in tags.split():
        entry_id, batch_id = tag.removeprefix(UNDO_TAG), tag.removeprefix(UNDO_BATCH_TAG)
        try:
            if tag.startswith(UNDO_TAG) and entry_id.isdigit():
                return reverse("journal:undo", args=[int(entry_id)])
            if tag.startswith(UNDO_BATCH_TAG) and batch_id:
                return reverse("journal:undo_batch", args=[batch_id])
            if tag.startswith(UNDO_STEP_TAG):
                return reverse("channels:draft_undo_step", args=[int(tag.removeprefix(UNDO_STEP_TAG))])
        except NoReverseMatch:  # an install without the journal pages still shows the message
            return ""
    return ""
