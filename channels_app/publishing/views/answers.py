"""Short answers in plain words for players and the people behind them."""

import logging
from collections.abc import Callable
from functools import wraps

from django.http import HttpResponse, HttpResponseBase

from channels_app.publishing.generation import NothingPublished
from channels_app.publishing.option_values import BadOption
from channels_app.publishing.request_publish import TASK_ID
from channels_app.publishing.variants import Busy, UnknownProfile
from tasks_app import engine

logger = logging.getLogger(__name__)


def sentence(status: int, text: str, *, retry_after: int = 0) -> HttpResponse:
    """One line of plain text. ``retry_after`` in seconds."""
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response


def answering(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorator: turn what can be missing into an answer. A first publish is asked for when nothing is published yet."""

    @wraps(view)
    def wrapped(*args: object, **kwargs: object) -> HttpResponseBase:
        try:
            try:
                return view(*args, **kwargs)
            except FileNotFoundError:  # two publishes since this request began; the current generation is there
                return view(*args, **kwargs)
        except UnknownProfile:
            return sentence(404, f"There is no output profile “{str(kwargs.get('profile', ''))[:100]}”.")
        except BadOption as problem:
            return sentence(400, str(problem))
        except (NothingPublished, FileNotFoundError):
            engine.request_run_soon(TASK_ID, delay_seconds=0)
            return sentence(503, "The lineup is being published for the first time. Try again in a moment.", retry_after=10)
        except Busy:
            return sentence(503, "This variant of the lineup is still being made. Try again in a moment.", retry_after=15)

    return wrapped
