"""ntfy, Gotify, Slack, Matrix, webhooks and more through Apprise, with listed services only and under our guard (50 §16)."""

import logging
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tasks_app.alerts.apprise_services import BY_SCHEME, ELSEWHERE, SERVICES, Service
from tasks_app.alerts.channel import ChannelError, Field, InvalidMethod, from_fetch_error, retry_seconds, text_of, without
from tasks_app.alerts.clean_text import fitted, one_line
from tasks_app.alerts.message import Message
from tasks_app.models import Severity

URL_LIMIT = 2000
BODY_LIMIT = 4000
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://\S")
# Options that would read local files, attach things, or make Apprise wait, repeat or split by itself; and none of Apprise's
# own reading of other configurations.
_REFUSED_OPTIONS = re.compile(r"(?i)[:+-]?(template|attach.*|retry|wait|cto|rto|redirect|store|overflow|config|include)")
_MENTION = re.compile(r"([@!])(?=\w)")
_TYPES = {Severity.INFO: "info", Severity.SUCCESS: "success", Severity.WARNING: "warning", Severity.ERROR: "failure"}

# Its debug lines hold whole addresses, tokens included. What went wrong is told by our own guard instead.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseFamily:
    type: ClassVar[str] = "apprise"
    label: ClassVar[str] = "ntfy, Gotify, Slack, Matrix, webhook …"
    icon: ClassVar[str] = "bell-ringing"
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "url",
            "Service address",
            kind="secret",
            required=True,
            placeholder="ntfys://ntfy.sh/my-topic",
            help_text="An Apprise address. It holds the login, so it is not shown again once saved.",
        ),
    )

    def clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        url = typed_url(values)
        service = checked_url(url)
        if _instance(url) is None:
            raise InvalidMethod("url", f"{service.label} cannot read this address. It looks like: {service.example}")
        return {"url": url, "service": service.label, "host": _host(url, service)}

    def place(self, values: Mapping[str, Any]) -> str:
        return " · ".join(part for part in (text_of(values, "service"), text_of(values, "host")) if part)

    def problem(self, values: Mapping[str, Any]) -> str:
        return "" if text_of(values, "url") else "Enter the address of the service."

    def send(self, values: Mapping[str, Any], message: Message) -> str:
        from tasks_app.alerts.apprise_guard import conversation

        url = typed_url(values)
        service = checked_url(url)
        plugin = _instance(url)
        if plugin is None:
            raise ChannelError(f"{service.label} cannot read the stored address. Enter it again.", may_pass=False)
        body = _body(message)
        with conversation() as talk:
            try:
                accepted = plugin.notify(
                    title=harmless(f"{message.mark} {one_line(message.title, 200)}"),
                    body=harmless(fitted(body, BODY_LIMIT)),
                    notify_type=_TYPES[message.severity],
                    body_format="text",
                    overflow="truncate",
                )
            except Exception as error:  # a plug-in of somebody else, fed with the answer of a stranger
                raise ChannelError(f"{service.label} could not be used ({type(error).__name__}).", may_pass=False) from error
        if not accepted:
            raise _refusal(service, talk, url)
        return ""

    def test(self, values: Mapping[str, Any], message: Message) -> str:
        return self.send(values, message)


def typed_url(values: Mapping[str, Any]) -> str:
    """The address; the # of a room or channel is part of it and no fragment, as people write it."""
    return text_of(values, "url").replace("#", "%23")


def checked_url(url: str) -> Service:
    """The service that an address belongs to. Raises :class:`InvalidMethod` for anything that is not on the list."""
    if not url:
        raise InvalidMethod("url", "Enter the address of the service.")
    shape = _SHAPE.match(url)
    if shape is None or len(url) > URL_LIMIT or re.search(r"[\x00-\x20\x7f]", url):
        raise InvalidMethod("url", "This is not an address. It looks like ntfys://ntfy.sh/my-topic.")
    scheme = shape.group(1).lower()
    if scheme in ELSEWHERE:
        raise InvalidMethod("url", ELSEWHERE[scheme])
    service = BY_SCHEME.get(scheme) or (_native_service(url) if scheme == "https" else None)
    if service is None:
        known = ", ".join(sorted(service.label for service in SERVICES))
        hint = " For a web address of your own write json:// or jsons:// instead of http:// or https://."
        text = f"“{scheme}://” is not one of the services that can be used: {known}."
        raise InvalidMethod("url", text + (hint if scheme in ("http", "https") else ""))
    try:
        options = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError as error:
        raise InvalidMethod("url", "This address cannot be read.") from error
    for name, _value in options:
        if _REFUSED_OPTIONS.fullmatch(name.strip()):
            raise InvalidMethod("url", f"The option “{one_line(name, 40)}” cannot be used here. Leave it out.")
    return service


def harmless(text: str) -> str:
    """Text in which nothing rings everybody: @all, @here, <!channel> get an invisible sign in between."""
    return _MENTION.sub("\\1\u200b", text)


def _body(message: Message) -> str:
    parts = [message.text] if message.text else []
    if message.facts:
        parts.append("\n".join(f"{label}: {value}" for label, value in message.facts))
    if message.source:
        parts.append(f"Source: {message.source}")
    return "\n\n".join(parts) or message.title


def _native_service(url: str) -> Service | None:
    """The service whose own web address this is, such as Slack's https://hooks.slack.com/services/…"""
    return next((service for service in SERVICES if _plugin_class(service).parse_native_url(url)), None)


@cache
def _plugin_class(service: Service) -> Any:
    import tasks_app.alerts.apprise_guard  # noqa: F401 - before any plug-in can send anything

    return getattr(import_module(f"apprise.plugins.{service.module}"), service.class_name)


@cache
def _asset() -> Any:
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="ECM",
        app_desc="Enhanced Channel Manager",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        allow_templates=False,
        storage_mode="memory",
    )


def _instance(url: str) -> Any:
    """Apprise's object for this address, or None when it cannot read it."""
    service = checked_url(url)
    plugin_class = _plugin_class(service)
    try:
        values = plugin_class.parse_native_url(url) if url.lower().startswith("https:") else plugin_class.parse_url(url)
        if not values:
            return None
        plugin = plugin_class(**{**values, "asset": _asset()})
    except Exception as error:  # plug-ins refuse addresses with whatever exception comes to their mind
        logging.getLogger(__name__).debug("[ALERTS] %s refuses an address: %s", service.label, type(error).__name__)
        return None
    plugin.throttle = lambda *args, **kwargs: None  # it would sleep between requests; our queue keeps the pace
    return plugin


def _host(url: str, service: Service) -> str:
    """The server, where the address names one; elsewhere that place holds a token."""
    if not service.example.partition("://")[2].partition("@")[2].startswith("host") and "://host" not in service.example:
        return ""
    try:
        return one_line(urlsplit(url).hostname or "", 100)
    except ValueError:
        return ""


def _refusal(service: Service, talk: Any, url: str) -> ChannelError:
    limited = next((answer for answer in talk.answers if answer.status == 429), None)
    if limited is not None:
        text = f"{service.label} is rate limited (429): too many messages."
        return ChannelError(text, may_pass=True, is_refused_for_now=True, asked_pause=retry_seconds(limited))
    if talk.errors:
        return from_fetch_error(service.label, talk.errors[-1])
    refused = next((answer for answer in reversed(talk.answers) if not answer.is_success), None)
    if refused is None:
        return ChannelError(f"{service.label} did not take the message.", may_pass=False)
    if refused.status >= 500:
        return ChannelError(f"{service.label} has a problem ({refused.status}).", may_pass=True)
    why = {
        401: "unauthorised (401): the login or token is wrong",
        403: "not allowed (403): check token and rights",
        404: "not found (404): check the address",
    }.get(refused.status, f"refused the message ({refused.status})")
    said = without(refused.words[:200], *_secrets(url))
    return ChannelError(f"{service.label}: {why}." + (f" It said: “{said}”" if said else ""), may_pass=False)


def _secrets(url: str) -> list[str]:
    """The parts of an address that could be secrets, for blotting them out of what a server quotes."""
    parts = re.split(r"[/?#&=@:]+", url.partition("://")[2])
    return sorted({part for piece in parts for part in (piece, unquote(piece)) if len(part) >= 6}, key=len, reverse=True)
