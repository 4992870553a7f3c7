"""How a view comes to work on the draft of the person who asks, and how a part of it gets back to the live lineup."""

import functools
import logging
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from channels_app.drafts import answers
from channels_app.drafts.catching_up import catch_up
from channels_app.drafts.lives import active_draft
from channels_app.drafts.steps import DraftBusy, step
from channels_app.drafts.storage import DraftUnusable
from channels_app.drafts.switching import current_session, in_draft, live, working_in
from channels_app.models import Draft

__all__ = ["in_draft", "live", "refuse_step", "staged"]

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]
_READING = ("GET", "HEAD", "OPTIONS")


def staged(view: View) -> View:
    """The view, reading and writing the draft of the person who asks while their edit mode is on.

    A request that may change something becomes one step of the draft (10 §13.4): all of it, or nothing when it fails or is
    refused.
    """

    @functools.wraps(view)
    def in_own_draft(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        draft = active_draft(getattr(request, "user", None))
        if answers.is_for_another_draft(request, draft):
            return answers.edit_mode_changed(request)
        if draft is None:
            return view(request, *args, **kwargs)
        request.draft = draft  # type: ignore[attr-defined]  # templates word some sentences by it
        try:
            with working_in(draft):
                return _answer(request, draft, lambda: view(request, *args, **kwargs))
        except DraftUnusable as error:
            logger.warning("[DRAFTS] Draft id=%s cannot be used: %s", draft.pk, error)
            return answers.unusable(request, draft, str(error))
        except DraftBusy as error:
            return answers.busy(request, str(error))

    return in_own_draft


def refuse_step() -> None:
    """Called by a view that refuses an edit with an ordinary answer: nothing of it stays in the draft."""
    session = current_session()
    if session is not None:
        session.refused = True


def _answer(request: HttpRequest, draft: Draft, view: Callable[[], HttpResponse]) -> HttpResponse:
    if request.method in _READING:
        catch_up(patiently=False)
        return _read_to_the_end(view())
    try:
        catch_up()
        with step() as taken:
            response = _read_to_the_end(view())
            session = current_session()
            if response.status_code >= 400 or (session is not None and session.refused):
                taken.withdraw()
    except DatabaseError as error:
        reason = answers.reason_for(error)
        if not reason:
            raise
        logger.warning("[DRAFTS] A step of draft id=%s was taken back: %s", draft.pk, error)
        return answers.not_stored(request, reason)
    return response


def _read_to_the_end(response: HttpResponseBase) -> HttpResponse:
    """An answer that is made while it is sent would be made after the draft is closed."""
    if isinstance(response, StreamingHttpResponse) and not hasattr(response, "file_to_stream"):
        response.streaming_content = [b"".join(response)]
    return response  # type: ignore[return-value]
