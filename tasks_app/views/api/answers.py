"""JSON in, JSON out: one shape for every error (50 §1.11).

404 and other refusals are ``{"detail": "…"}``; 422 adds ``"errors"``, sentences by field. Sign-in and CSRF are checked before
a view is reached: programs send the session cookie, and the token in the header ``X-CSRFToken`` for anything but GET.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from tasks_app.registry import UnknownTask
from tasks_app.scheduling.errors import FieldErrors
from tasks_app.views.rights import check_may_manage

LARGEST_BODY = 1024 * 1024
View = Callable[..., HttpResponse]


class Refused(Exception):
    """Ends a view with an error answer."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.body: dict[str, Any] = {"detail": detail, **more}


def api(**methods: View) -> View:
    """One address, a view per method: ``api(GET=show, PATCH=change)``. Errors of the views become JSON."""
    first = next(iter(methods.values()))

    @never_cache
    @wraps(first)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        handler = methods.get("GET" if request.method == "HEAD" else request.method or "")
        if handler is None:
            allowed = ", ".join(sorted(methods))
            answer = JsonResponse({"detail": f"{request.method} is not possible here. Possible: {allowed}."}, status=405)
            answer["Allow"] = allowed
            return answer
        try:
            if "task_id" in kwargs:
                check_may_manage(request, kwargs["task_id"])
            return handler(request, *args, **kwargs)
        except Refused as refused:
            return JsonResponse(refused.body, status=refused.status)
        except FieldErrors as wrong:
            return JsonResponse({"detail": str(wrong), "errors": wrong.errors}, status=422)
        except PermissionDenied as denied:
            return JsonResponse({"detail": str(denied)}, status=403)
        except (UnknownTask, ObjectDoesNotExist) as missing:
            return JsonResponse({"detail": str(missing)}, status=404)

    return view


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty object. Raises :class:`Refused` for anything else."""
    if len(request.body) > LARGEST_BODY:
        raise Refused(413, "The request is larger than 1 MB.")
    if not request.body.strip():
        return {}
    try:
        sent = json.loads(request.body)
        json.dumps(sent, ensure_ascii=False).encode()  # half a letter, "\\ud800", can be sent but not be stored
    except (ValueError, RecursionError):
        raise Refused(422, "The body is not JSON.", errors={"": ["The body is not JSON."]}) from None
    if not isinstance(sent, dict):
        raise Refused(422, "The body must be a JSON object.", errors={"": ["The body must be a JSON object."]})
    return sent


def only_known(sent: Mapping[str, Any], known: set[str]) -> None:
    """Refuse names that mean nothing: dropping them in silence would look like success (50 trap 27)."""
    unknown = sorted(set(sent) - known)
    if unknown:
        errors = {name: ["There is no such field."] for name in unknown}
        raise Refused(422, f"Unknown: {', '.join(unknown)[:200]}.", errors=errors)


def whole(request: HttpRequest, name: str, default: int, low: int, high: int) -> int:
    """The number in query parameter ``name``. Raises :class:`Refused` when it is none, or out of range."""
    text = request.GET.get(name, str(default))
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1
    if not low <= number <= high:
        sentence = f"{name} must be a whole number from {low:,} to {high:,}."
        raise Refused(422, sentence, errors={name: [sentence]})
    return number
