"""Alert methods over HTTP (50 §4.5). Secrets are write-only: reads give ``********`` (A-2). Changes are for administrators."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from ecm_site.masking import mask_text
from tasks_app.alerts.addresses import is_address
from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.channels import CHANNELS
from tasks_app.alerts.check_server import server_of
from tasks_app.alerts.edit_methods import SWITCHES, TIMES, create_method, delete_method, update_method
from tasks_app.alerts.mail_server import configured_server
from tasks_app.alerts.method_values import shown_values
from tasks_app.alerts.source_filter import read_filter
from tasks_app.alerts.try_method import TestReport, try_mail_server, try_method, try_values
from tasks_app.models import AlertMethod

LARGEST_BODY = 256 * 1024
_KNOWN = {"name", "method_type", "config", "alert_sources", *SWITCHES, *TIMES}


class BadRequest(ValueError):
    """What was sent cannot be used; ``field`` names the part."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def api(*methods: str, for_all: tuple[str, ...] = ("GET",)) -> Callable[..., Callable[..., HttpResponse]]:
    """A JSON view for ``methods``; those not in ``for_all`` are for administrators."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @never_cache
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            method = "GET" if request.method == "HEAD" else request.method
            if method not in methods:
                answer = _refused(f"{request.method} is not possible here. Possible: {', '.join(methods)}.", 405)
                answer["Allow"] = ", ".join(methods)
                return answer
            if method not in for_all and not request.user.is_staff:
                return _refused("This is for administrators.", 403)
            try:
                return view(request, *args, **kwargs)
            except InvalidMethod as error:
                return _refused(str(error), 400, field=error.field)
            except BadRequest as error:
                return _refused(str(error), 400, field=error.field)
            except AlertMethod.DoesNotExist:
                return _refused("There is no such alert method.", 404)

        return wrapped

    return decorate


@api("GET")
def types(request: HttpRequest) -> HttpResponse:
    """What kinds there are, with their fields."""
    return JsonResponse(
        {
            "types": [
                {
                    "type": channel.type,
                    "name": channel.label,
                    "fields": [
                        {
                            "name": field.name,
                            "label": field.label,
                            "kind": field.kind,
                            "required": field.required,
                            "secret": field.kind == "secret",
                            "default": field.default,
                            "choices": [value for value, _label in field.choices],
                            "help": field.help_text,
                        }
                        for field in channel.fields
                    ],
                }
                for channel in CHANNELS.values()
            ]
        }
    )


@api("GET", "POST")
def collection(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return JsonResponse({"alert_methods": [_shape(method) for method in AlertMethod.objects.all()]})
    values = _body(request, _KNOWN)
    method_type = values.pop("method_type", None)
    if not isinstance(method_type, str) or not method_type:
        raise BadRequest(f"method_type is one of {', '.join(CHANNELS)}.", "method_type")
    return JsonResponse(_shape(create_method(method_type, values).method), status=201)


@api("GET", "PATCH", "DELETE")
def single(request: HttpRequest, method_id: int) -> HttpResponse:
    if request.method == "PATCH":
        values = _body(request, _KNOWN)
        wanted = values.pop("method_type", None)
        if wanted not in (None, AlertMethod.objects.get(pk=method_id).method_type):
            raise BadRequest("The kind of a method cannot be changed; make a new one.", "method_type")
        return JsonResponse(_shape(update_method(method_id, values).method))
    if request.method == "DELETE":
        delete_method(method_id)
        return JsonResponse({"deleted": True})
    return JsonResponse(_shape(AlertMethod.objects.get(pk=method_id)))


@api("POST")
def test_method(request: HttpRequest, method_id: int) -> HttpResponse:
    """Send a real message; ``{"config": {…}}`` is laid over what is stored (A-8)."""
    return _report(try_method(method_id, _config(_body(request, {"config"}))))


@api("POST")
def test_values(request: HttpRequest) -> HttpResponse:
    """The same for a method that is not stored: ``{"method_type": …, "config": {…}}``."""
    values = _body(request, {"method_type", "config"})
    method_type = values.get("method_type")
    if method_type not in CHANNELS:
        raise BadRequest(f"method_type is one of {', '.join(CHANNELS)}.", "method_type")
    return _report(try_values(str(method_type), _config(values)))


@api("POST")
def test_smtp(request: HttpRequest) -> HttpResponse:
    """Try a mail server: the settings of 50 §5.7 over the stored ones, and ``to_email``."""
    known = {
        "smtp_host",
        "smtp_port",
        "smtp_use_tls",
        "smtp_use_ssl",
        "smtp_user",
        "smtp_password",
        "smtp_from_email",
        "smtp_from_name",
        "to_email",
    }
    values = _body(request, known)
    recipient = values.get("to_email")
    if not isinstance(recipient, str) or not is_address(recipient.strip()):
        raise BadRequest("to_email is the e-mail address that the test goes to.", "to_email")
    return _report(try_mail_server(server_of(values, configured_server()), recipient.strip()))


@api("POST")
def test_discord(request: HttpRequest) -> HttpResponse:
    """Try a webhook: ``{"webhook_url": …}``; without one, the default of the settings."""
    return _report(try_values("discord", _body(request, {"webhook_url"})))


@api("POST")
def test_telegram(request: HttpRequest) -> HttpResponse:
    """Try a bot: ``{"bot_token": …, "chat_id": …}``; what is missing is taken from the settings."""
    return _report(try_values("telegram", _body(request, {"bot_token", "chat_id"})))


def _shape(method: AlertMethod) -> dict[str, Any]:
    return {
        "id": method.pk,
        "name": method.name,
        "method_type": method.method_type,
        "config": shown_values(method),
        **{name: getattr(method, name) for name in SWITCHES},
        **{name: f"{at:%H:%M}" if (at := getattr(method, name)) else None for name in TIMES},
        "alert_sources": json.loads(read_filter(method.alert_sources).as_text() or "null"),
        "last_sent_at": _moment(method.last_sent_at),
        "last_error": mask_text(method.last_error) or None,
        "last_error_at": _moment(method.last_error_at),
        "created_at": _moment(method.created_at),
        "updated_at": _moment(method.updated_at),
    }


def _body(request: HttpRequest, known: set[str]) -> dict[str, Any]:
    """The JSON object that was sent; names that mean nothing are refused (50 §17 trap 27)."""
    if len(request.body) > LARGEST_BODY:
        raise BadRequest("The request is too large.")
    try:
        values = json.loads(request.body or b"{}")
        json.dumps(values, ensure_ascii=False).encode()  # half a letter, "\\ud800", can be sent but not be stored
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(values, dict):
        raise BadRequest("The body is not a JSON object.")
    unknown = sorted(set(values) - known)
    if unknown:
        raise BadRequest(f"There is no field {unknown[0][:40]!r} here.", unknown[0][:40])
    return values


def _config(values: dict[str, Any]) -> dict[str, Any]:
    config = values.get("config") or {}
    if not isinstance(config, dict):
        raise BadRequest("config is an object.", "config")
    return config


def _report(report: TestReport) -> HttpResponse:
    return JsonResponse({"success": report.success, "message": report.message})


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _refused(detail: str, status: int, **more: str) -> JsonResponse:
    return JsonResponse({"detail": detail, **{name: value for name, value in more.items() if value}}, status=status)
