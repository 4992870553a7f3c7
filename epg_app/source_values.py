"""What an operator says about a guide source, and whether it can be so (30 §2.2). Knows no HTTP."""

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings

from ecm_site.conf import get_settings
from ecm_site.http import FetchError, check_address
from ecm_site.refusals import ValuesRefused
from epg_app.find_source import find_source
from epg_app.models import GuideSource, SourceType
from m3u_app.store_upload import is_upload
from tasks_app.mirror.state import is_connected

MAX_INTERVAL_HOURS = 168
MAX_SHIFT_MINUTES = 24 * 60
PRIORITY_RANGE = (0, 100_000)
UPLOAD_BYTES_MAX = 256 * 1_048_576  # for a mirrored server: an upload is held in memory while it travels
OWN_GUIDE_PATHS = ("/output/epg",)

FIELDS = (
    "name",
    "source_type",
    "url",
    "file_path",
    "username",
    "password",
    "user_agent",
    "allow_private_addresses",
    "is_active",
    "priority",
    "refresh_interval",
    "preferred_language",
    "assume_timezone",
    "time_shift_minutes",
    "keep_unmapped",
)
READING_FIELDS = frozenset({"preferred_language", "assume_timezone", "time_shift_minutes", "keep_unmapped"})
"""Choices that change what is made of the same file."""
CONNECTION_FIELDS = frozenset({"url", "file_path", "username", "password", "source_type"})
"""What leads to the guide."""


class SourceRefused(ValuesRefused):
    """The guide source cannot be so."""


@dataclass(frozen=True)
class SourceValues:
    """All that can be said about a source. ``None`` for a secret keeps the stored one.

    ``refresh_interval`` counts hours (0 = by hand only). ``upload_path`` is a file that was uploaded with these values
    and replaces ``file_path``. ``any_path`` allows files outside the data folder: for the command line.
    """

    name: str
    source_type: str = SourceType.XMLTV.value
    url: str | None = ""
    file_path: str = ""
    upload_path: str = ""
    username: str = ""
    password: str | None = ""
    user_agent: str = ""
    allow_private_addresses: bool = False
    is_active: bool = True
    priority: int = 0
    refresh_interval: int = 24
    preferred_language: str = ""
    assume_timezone: str = "UTC"
    time_shift_minutes: int = 0
    keep_unmapped: bool = False
    any_path: bool = False


def settled(values: SourceValues, current: GuideSource | None = None, *, own_host: str = "") -> SourceValues:
    """Return ``values`` with kept secrets filled in and what does not belong to the type left out.

    ``own_host`` is the host (with port) by which the operator reached us. Raises :class:`SourceRefused`.
    """
    errors: dict[str, str] = {}
    values = _with_kept_secrets(values, current)
    values = replace(values, name=" ".join(values.name.split()), assume_timezone=values.assume_timezone.strip() or "UTC")
    problem = name_problem(values.name, current)
    if problem:
        errors["name"] = problem
    if values.source_type == SourceType.XMLTV:
        values = replace(values, url=(values.url or "").strip(), file_path="", upload_path="")
        problem = _url_problem(values.url or "", own_host)
        if problem:
            errors["url"] = problem
    elif values.source_type == SourceType.XMLTV_FILE:
        values = replace(values, url="", username="", password="", file_path=values.upload_path or values.file_path.strip())
        if is_connected():
            values, errors = _settled_upload(values, current), errors | _upload_problems(values, current)
        else:
            values, problem = _settled_path(values)
            if problem:
                errors["file_path"] = problem
    elif current is not None and current.source_type == values.source_type and is_connected():
        values = replace(values, url=current.url, file_path=current.file_path, upload_path="")
    else:
        errors["source_type"] = "Choose an address or a file."
    errors |= _other_problems(values)
    if errors:
        raise SourceRefused(errors)
    return values


def name_problem(name: str, current: GuideSource | None = None) -> str:
    """A sentence when ``name`` cannot be used, else nothing."""
    if not name:
        return "Give the guide a name."
    if len(name) > 255:
        return "The name is longer than 255 characters. Shorten it."
    others = GuideSource.objects.filter(name__iexact=name)
    if current is not None:
        others = others.exclude(pk=current.pk)
    return "Another guide has this name. Choose another one." if others.exists() else ""


def same_address(url: str, current: GuideSource | None = None) -> GuideSource | None:
    """Another source with this address, if there is one: allowed, but worth a word."""
    if not url:
        return None
    others = GuideSource.objects.filter(source_type=SourceType.XMLTV)
    if current is not None:
        others = others.exclude(pk=current.pk)
    return next((other for pk in others.values_list("pk", flat=True) if (other := find_source(pk)).url == url), None)


def _with_kept_secrets(values: SourceValues, current: GuideSource | None) -> SourceValues:
    stored = current if current is not None and current.source_type == values.source_type else None
    if values.url is None:
        values = replace(values, url=stored.url if stored else "")
    if values.password is None:
        values = replace(values, password=stored.password if stored else "")
    return values


def _url_problem(url: str, own_host: str) -> str:
    if not url:
        return "Give the address of the guide."
    try:
        check_address(url)
    except FetchError as error:
        return str(error)
    return _SELF if _is_own_output(url, own_host) else ""


_SELF = "This is the guide that ECM itself publishes. Reading it again would go round in circles."


def _is_own_output(url: str, own_host: str) -> bool:
    parts = urlsplit(url)
    if not parts.path.startswith(OWN_GUIDE_PATHS):
        return False
    host, port = (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
    own = {urlsplit(get_settings().public_base_url), urlsplit(f"//{own_host}")}
    if any(host == (place.hostname or "").lower() and host for place in own):
        return True
    return port == settings.ECM_PORT and (host == "localhost" or _is_private(host))


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def _settled_path(values: SourceValues) -> tuple[SourceValues, str]:
    if not values.file_path:
        return values, "Choose a file, or give the path of one in the data folder."
    path = Path(values.file_path)
    if not path.is_absolute():
        path = Path(settings.CONFIG_DIR) / path
    path = path.resolve()
    if not values.any_path and not is_upload(str(path)) and not path.is_relative_to(Path(settings.CONFIG_DIR).resolve()):
        return values, f"Only files in the data folder can be read: {settings.CONFIG_DIR}. Put the guide there, or upload it."
    if not path.is_file():
        return values, "There is no such file. Check the path."
    return replace(values, file_path=str(path)), ""


def _settled_upload(values: SourceValues, current: GuideSource | None) -> SourceValues:
    """On a mirrored server a source keeps the file that it was made with, whatever its path is called there."""
    if current is not None:
        return replace(values, file_path=current.file_path, upload_path="")
    return values


def _upload_problems(values: SourceValues, current: GuideSource | None) -> dict[str, str]:
    """What a mirrored server cannot do with a file."""
    if current is not None:
        words = "Dispatcharr cannot exchange an uploaded guide. Add the new file as another source, then delete this one."
        return {"guide_file": words} if values.upload_path else {}
    if not values.upload_path:
        typed = "Dispatcharr cannot read the data folder of ECM. Upload the file, or give an address that it can read."
        return {"guide_file": typed if values.file_path else "Choose the file."}
    if Path(values.upload_path).stat().st_size > UPLOAD_BYTES_MAX:
        most = UPLOAD_BYTES_MAX // 1_048_576
        return {"guide_file": f"The file is larger than {most} MB. Give Dispatcharr an address that it can read instead."}
    return {}


def _other_problems(values: SourceValues) -> dict[str, str]:
    limits = {
        "priority": PRIORITY_RANGE,
        "refresh_interval": (0, MAX_INTERVAL_HOURS),
        "time_shift_minutes": (-MAX_SHIFT_MINUTES, MAX_SHIFT_MINUTES),
    }
    problems = {
        field: f"Give a whole number from {low:,} to {high:,}."
        for field, (low, high) in limits.items()
        if not low <= getattr(values, field) <= high
    }
    if values.assume_timezone not in available_timezones():
        problems["assume_timezone"] = "There is no such time zone. Use a name such as Europe/London or UTC."
    if len(values.preferred_language) > 20:
        problems["preferred_language"] = "Give a short code such as en or fr."
    if len(values.user_agent) > 255:
        problems["user_agent"] = "The User-Agent is longer than 255 characters."
    return problems
