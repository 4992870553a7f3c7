"""What the addresses of the lineup share: filters of lists, pages, and refusals of use cases as answers (10 §21.2)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.shapes import OUTSIDE
from channels_app.errors import ChangedMeanwhile, EditRefused, NotThere
from tasks_app.views.api.answers import Refused, api, whole

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]
LARGEST_PAGE = 1000
_LONGEST_TEXT = 200


def address(**methods: View) -> View:
    """As :func:`api`; what use cases refuse becomes 404, 409 or 422 with their sentences, by the names that were sent."""
    return api(**{method: _telling(view) for method, view in methods.items()})


def _telling(view: View) -> View:
    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ChangedMeanwhile as error:
            raise Refused(409, str(error)) from None
        except NotThere as error:
            raise Refused(404, str(error)) if set(error.problems) == {""} else refusal(error) from None
        except EditRefused as error:
            raise refusal(error) from None
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            logger.warning("[API] %s %s found the database busy", request.method, request.path)
            raise Refused(409, "The database is busy with another change. Try again in a moment.") from None

    return told


def refusal(error: EditRefused) -> Refused:
    """A use case's refusal as 422, by the names of the API."""
    return Refused(422, str(error), errors={OUTSIDE.get(name, name): [text] for name, text in error.problems.items()})


def only_filters(request: HttpRequest, *known: str) -> None:
    """Refuse parameters that mean nothing here: a list that ignores a filter looks like the answer to it (GH #221)."""
    unknown = sorted(set(request.GET) - set(known))
    if unknown:
        errors = {name: ["There is no such parameter."] for name in unknown}
        possible = f" Possible: {', '.join(known)}." if known else ""
        raise Refused(422, f"Unknown: {', '.join(unknown)[:200]}.{possible}", errors=errors)


def text_filter(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\x00", "").strip()[:_LONGEST_TEXT]


def choice_filter(request: HttpRequest, name: str, choices: Sequence[str]) -> str:
    """One of ``choices``; the first when nothing is asked for."""
    chosen = request.GET.get(name) or choices[0]
    if chosen not in choices:
        sentence = f"{name} must be one of {', '.join(choices)}."
        raise Refused(422, sentence, errors={name: [sentence]})
    return chosen


def flag_filter(request: HttpRequest, name: str) -> bool:
    """true/1 or false/0; missing = false."""
    return choice_filter(request, name, ("false", "true", "0", "1")) in ("true", "1")


def id_filter(request: HttpRequest, name: str) -> tuple[int, ...]:
    """``?name=1,2&name=3``: several ids, each once; missing = none."""
    texts = [text.strip() for value in request.GET.getlist(name) for text in value.split(",") if text.strip()]
    if not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts) or len(texts) > LARGEST_PAGE:
        sentence = f"{name} must be an id, or several separated by commas."
        raise Refused(422, sentence, errors={name: [sentence]})
    return tuple(dict.fromkeys(map(int, texts)))


def page_filter(request: HttpRequest) -> tuple[int, int]:
    """(page, page_size). A size that is too large is refused: cut in silence, it would lose rows."""
    return whole(request, "page", 1, 1, 1_000_000_000), whole(request, "page_size", 100, 1, LARGEST_PAGE)


def page_answer(request: HttpRequest, rows: Sequence[Mapping[str, Any]], total: int, page: int, size: int) -> JsonResponse:
    """A page of a list; one behind the last is empty."""
    pages = max(1, -(-total // size))
    return JsonResponse(
        {
            "count": total,
            "page": page,
            "page_size": size,
            "total_pages": pages,
            "next": _address_of(request, page + 1) if page < pages else None,
            "previous": _address_of(request, min(page - 1, pages)) if page > 1 else None,
            "results": rows,
        }
    )


def _address_of(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return f"{request.path}?{query.urlencode()}"
