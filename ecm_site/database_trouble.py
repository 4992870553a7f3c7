"""A database that cannot be written right now is no error of ours: pages and programs are told why, and to try again."""

import logging
from collections.abc import Callable

from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from ecm_site.full_disk import full_disk, is_full_disk
from ecm_site.views.errors import unavailable

logger = logging.getLogger(__name__)

BUSY = "The database was busy with other work for too long, so nothing was changed. Wait a moment, then try again."


class DatabaseTroubleMiddleware:
    """Answers 503 where a view met a locked database or a full disk. Its transaction has been taken back by then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        sentence = sentence_for(exception)
        if not sentence:
            return None
        logger.warning("[DATABASE] %s %s failed: %s", request.method, request.path, exception)
        return unavailable(request, sentence)


class PatientSessionMiddleware(SessionMiddleware):
    """A session is saved after all other middleware, where nobody else tells that the database cannot be written.

    Of a page that was only read nothing is lost: what is saved then is that the sign-in lasts longer; the next page does it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except OperationalError as error:
            sentence = sentence_for(error)
            if not sentence:
                raise
            logger.warning("[DATABASE] The session could not be saved after %s %s: %s", request.method, request.path, error)
            return response if request.method in ("GET", "HEAD") else unavailable(request, sentence)


def sentence_for(exception: Exception) -> str:
    """Why the database refused, in words; "" for everything else."""
    if not isinstance(exception, OperationalError):
        return ""
    if is_full_disk(exception):
        return full_disk(then="try again: nothing was changed.")
    return BUSY if str(exception).endswith("is locked") else ""
