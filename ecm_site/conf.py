"""The settings record (50 §5): one typed set of values in the data folder, the same for every process at once.

It is a small JSON file instead of a table so that the ground floor needs no database. Saving is atomic and one at a time;
every process notices a new file by its stamp on the next read. Bad stored values are mended one by one (S-1): a number is
moved into its range, everything else falls back to its default. Keys of another version are kept as they are.
"""

import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings as django_settings

from ecm_site.crypto import SecretUnreadable, decrypt, encrypt

logger = logging.getLogger(__name__)

OUTPUT_ACCESS = ("lan", "token", "open")
TVG_ID_SOURCES = ("tvg_id", "channel_number", "gracenote")
SEPARATORS = ("-", ":", "|")
TIMEZONE_PREFERENCES = ("east", "west", "both")
IDENTITY_FIELDS = ("name", "url", "tvg_id", "m3u_id", "group")
NORMALIZE_COUNTRY = ("leave", "keep", "strip")
GRACENOTE_CONFLICT_MODES = ("ask", "skip", "overwrite")
STREAM_PREVIEW_MODES = ("passthrough", "transcode", "video_only")
VLC_OPEN_BEHAVIORS = ("protocol_only", "m3u_fallback", "m3u_only")
THEMES = ("dark", "light", "high-contrast", "system")  # system = as the device of whoever looks
DISPATCHARR_AUTH = ("password", "api_key")
LOG_LEVELS = ("", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")  # empty = what LOG_LEVEL in the environment says


@dataclass(frozen=True)
class EcmSettings:
    """Defaults are those of the chapters: 10 §1.3, 20 §3.7, 30 §1.2, 50 §5."""

    time_zone: str = ""  # empty = UTC
    public_base_url: str = ""  # empty = derived from the request
    output_access: str = "lan"
    output_tvg_id_source: str = "tvg_id"
    output_direct_urls: bool = False  # lets ?direct=true hand out provider addresses, credentials included
    hide_m3u_urls: bool = False
    hide_epg_urls: bool = False
    stream_identity: tuple[str, ...] = ("url",)
    epg_keep_past_hours: int = 24
    epg_keep_future_days: int = 14
    fetch_max_megabytes: int = 1024
    extracted_max_megabytes: int = 8192
    include_channel_number_in_name: bool = False
    channel_number_separator: str = "-"
    remove_country_prefix: bool = False
    include_country_in_name: bool = False
    country_separator: str = "|"
    timezone_preference: str = "both"
    auto_rename_channel_number: bool = False
    custom_network_prefixes: tuple[str, ...] = field(default=())
    custom_network_suffixes: tuple[str, ...] = field(default=())
    normalize_on_channel_create: bool = False  # pre-ticks "normalize" where channels are made (10 §10.2)
    normalize_quality: bool = True  # what "normalize names" takes off (10 §11, §12)
    normalize_network_prefix: bool = False
    normalize_network_suffix: bool = True
    normalize_country: str = "leave"
    gracenote_conflict_mode: str = "ask"  # what fetching does where a channel has another id (10 §18)
    show_stream_urls: bool = True
    stream_preview_mode: str = "passthrough"  # what the server does to a stream that is looked at (10 §19)
    preview_limit: int = 4  # previews at once; each occupies a thread of the web server and a connection of the provider
    preview_limit_per_user: int = 2
    vlc_open_behavior: str = "m3u_fallback"
    stream_sort_priority: tuple[str, ...] = (  # 10 §9.4: the order of what makes a stream better …
        "resolution", "bitrate", "framerate", "video_codec", "m3u_priority", "audio_channels",
    )  # fmt: skip
    stream_sort_enabled: tuple[str, ...] = ("resolution", "bitrate", "framerate")  # … and which of it counts
    deprioritize_failed_streams: bool = True
    deprioritize_black_screen: bool = True  # this and the next only together with the one above
    deprioritize_low_fps: bool = True
    failed_stream_sort_order: tuple[str, ...] = ("failed", "black_screen", "low_fps")
    hide_auto_sync_groups: bool = False  # in the channel manager, for everybody who has not chosen otherwise
    hide_ungrouped_streams: bool = True  # where a provider has groups as well; a search finds them anyway
    default_channel_profile_ids: tuple[str, ...] = field(default=())  # ids of channel profiles that new channels join
    cache_logos: bool = True  # off = browsers load pictures from where they are
    task_tick_seconds: int = 60  # how often the worker looks what is due (50 T-15)
    getting_started_hidden: bool = False  # the operator has put the first-steps card away
    theme: str = "dark"
    backend_log_level: str = ""
    smtp_host: str = ""  # 50 §5.7; checked by tasks_app.alerts before it is saved
    smtp_port: int = 587
    smtp_use_tls: bool = True  # STARTTLS; never together with smtp_use_ssl
    smtp_use_ssl: bool = False
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_from_email: str = ""
    smtp_from_name: str = "ECM Alerts"
    discord_webhook_url: str = field(default="", repr=False)
    telegram_bot_token: str = field(default="", repr=False)
    telegram_chat_id: str = ""
    alert_digest_seconds: int = 30  # alerts of this long become one message
    dispatcharr_url: str = ""  # empty = there is no server
    dispatcharr_auth: str = "password"
    dispatcharr_user: str = ""
    dispatcharr_password: str = field(default="", repr=False)
    dispatcharr_api_key: str = field(default="", repr=False)
    stats_poll_interval: int = 10  # seconds between looks at what is being watched, while somebody looks (50 §5.1)
    dispatcharr_sign_in: bool = False  # people may sign in to ECM with their account of the server (50 U-17)
    dispatcharr_create_users: bool = True  # … and get a user of ECM at their first sign-in


CHOICES: dict[str, tuple[str, ...]] = {
    "output_access": OUTPUT_ACCESS,
    "output_tvg_id_source": TVG_ID_SOURCES,
    "channel_number_separator": SEPARATORS,
    "country_separator": SEPARATORS,
    "timezone_preference": TIMEZONE_PREFERENCES,
    "normalize_country": NORMALIZE_COUNTRY,
    "gracenote_conflict_mode": GRACENOTE_CONFLICT_MODES,
    "stream_preview_mode": STREAM_PREVIEW_MODES,
    "vlc_open_behavior": VLC_OPEN_BEHAVIORS,
    "theme": THEMES,
    "backend_log_level": LOG_LEVELS,
    "dispatcharr_auth": DISPATCHARR_AUTH,
}
RANGES: dict[str, tuple[int, int]] = {
    "task_tick_seconds": (10, 300),
    "epg_keep_past_hours": (0, 24 * 30),
    "epg_keep_future_days": (1, 60),
    "fetch_max_megabytes": (1, 65536),
    "extracted_max_megabytes": (1, 262144),
    "preview_limit": (1, 30),
    "preview_limit_per_user": (1, 30),
    "smtp_port": (1, 65535),
    "alert_digest_seconds": (0, 600),
    "stats_poll_interval": (5, 300),
}
# Of each pair at most one may be on (50 §18.6 rows 104 and 105).
EXCLUSIVE = (("smtp_use_tls", "smtp_use_ssl"), ("remove_country_prefix", "include_country_in_name"))
# Names of text settings that are encrypted in the file, never sent back to a browser and masked in the journal (S-2).
# Give such a field ``field(default="", repr=False)``.
SECRETS: frozenset[str] = frozenset(
    {"smtp_password", "discord_webhook_url", "telegram_bot_token", "dispatcharr_password", "dispatcharr_api_key"}
)

_cached: tuple[tuple[int, int, int], EcmSettings] | None = None


def _path() -> Path:
    return Path(django_settings.CONFIG_DIR) / "settings.json"


def get_settings() -> EcmSettings:
    """Return the current settings; costs one ``stat`` when nothing changed."""
    global _cached
    try:
        stat = _path().stat()
    except FileNotFoundError:
        return EcmSettings()
    stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    if _cached is None or _cached[0] != stamp:
        _cached = (stamp, _load())
    return _cached[1]


class SettingsMoved(Exception):
    """What was to be changed is not any more what it was when somebody looked; nothing was saved."""


def save_settings(if_still: Mapping[str, Any] | None = None, /, **changes: Any) -> EcmSettings:
    """Store ``changes`` over the current record and return it; with ``if_still`` only while these values are the current ones,
    else :class:`SettingsMoved` is raised.

    Raises ``ValueError`` naming the field for an unknown name or a value that is out of range; then nothing is saved.
    Secrets that were meant for another server are dropped (:func:`secrets_left_behind`).
    """
    for name, value in changes.items():
        problem = value_problem(name, value)
        if problem:
            raise ValueError(f"{name}: {problem}")
    with _saving():  # two saves at once must not undo each other
        current = get_settings()
        if any(getattr(current, name) != value for name, value in (if_still or {}).items()):
            raise SettingsMoved
        changes = {**changes, **secrets_left_behind(current, changes)}
        saved = replace(current, **{name: _frozen(value) for name, value in changes.items()})
        clash = clashing(asdict(saved))
        if clash:
            raise ValueError(f"{clash[1]}: cannot be on together with {clash[0]}")
        _write(json.dumps({**_foreign_keys(), **_as_stored(saved)}, indent=2))
    return saved


def secrets_left_behind(current: EcmSettings, changes: Mapping[str, Any]) -> dict[str, str]:
    """What has to be emptied because of ``changes``: a password or key of one Dispatcharr server must never go to another,
    nor a password to another user's name (50 §5.1). Whoever sets a secret in the same change knows what it is for.
    """
    if not current.dispatcharr_url:
        return {}
    moved = not is_same_address(current.dispatcharr_url, str(changes.get("dispatcharr_url", current.dispatcharr_url)))
    renamed = changes.get("dispatcharr_user", current.dispatcharr_user) != current.dispatcharr_user
    behind = {"dispatcharr_password": moved or renamed, "dispatcharr_api_key": moved}
    return {name: "" for name, is_behind in behind.items() if is_behind and getattr(current, name) and name not in changes}


def is_same_address(first: str, second: str) -> bool:
    """Whether two addresses lead to the same place; letter case of the host and a slash at the end make no other one."""
    return _place(first) == _place(second)


def _place(url: str) -> tuple[str, str, int | None, str]:
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
    except ValueError:
        return url, "", None, ""
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, parts.path.rstrip("/")


def value_problem(name: str, value: Any) -> str:
    """What is wrong with ``value`` for the setting ``name``, in words; "" when nothing is."""
    if name not in _names():
        return "there is no such setting"
    return _problem(name, value)


def clashing(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first pair of settings that are on although they exclude each other."""
    return next((pair for pair in EXCLUSIVE if values.get(pair[0]) and values.get(pair[1])), None)


def _names() -> set[str]:
    return {spec.name for spec in fields(EcmSettings)}


@contextmanager
def _saving() -> Iterator[None]:
    """Hold the right to write; other processes and threads wait for the few milliseconds that it takes."""
    handle = os.open(_path().with_name("settings.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _as_stored(record: EcmSettings) -> dict[str, Any]:
    values = asdict(record)
    return {name: encrypt(value) if name in SECRETS else value for name, value in values.items()}


def _foreign_keys() -> dict[str, Any]:
    """What the file holds beyond our settings: a newer version may have written it and will want it back."""
    try:
        stored = json.loads(_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        stored = None
    if not isinstance(stored, dict):
        kept = _path().with_name("settings.damaged.json")
        os.replace(_path(), kept)
        logger.error("[CONFIG] %s could not be read; kept as %s", _path(), kept.name)
        return {}
    return {name: value for name, value in stored.items() if name not in _names()}


def _load() -> EcmSettings:
    try:
        stored = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        logger.exception("[CONFIG] %s cannot be read; using defaults", _path())
        return EcmSettings()
    if not isinstance(stored, dict):
        logger.error("[CONFIG] %s holds no record; using defaults", _path())
        return EcmSettings()
    good: dict[str, Any] = {}
    mended: list[str] = []
    for spec in fields(EcmSettings):
        if spec.name not in stored:
            continue
        good[spec.name], problem = _readable(spec.name, stored[spec.name])
        if problem:
            mended.append(f"{spec.name} ({problem})")
    while clash := clashing({**asdict(EcmSettings()), **good}):
        good[clash[1]] = False
        mended.append(f"{clash[1]} (cannot be on together with {clash[0]})")
    if mended:
        logger.warning("[CONFIG] Stored settings mended: %s", "; ".join(mended))
    return EcmSettings(**good)


def _readable(name: str, value: Any) -> tuple[Any, str]:
    """A stored value as it may be used, and what was wrong with it."""
    default = getattr(EcmSettings(), name)
    if value is None:
        return default, "was empty"
    if name in SECRETS and isinstance(value, str):
        try:
            value = decrypt(value)
        except SecretUnreadable:
            return default, "was written with another key and has to be entered again"
    problem = _problem(name, value)
    if not problem:
        return _frozen(value), ""
    if name in RANGES and isinstance(value, int) and not isinstance(value, bool):
        low, high = RANGES[name]
        return min(max(value, low), high), problem
    return default, problem


def _problem(name: str, value: Any) -> str:
    default = getattr(EcmSettings(), name)
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "must be yes or no"
    if isinstance(default, int):
        low, high = RANGES[name]
        ok = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if ok else f"must be a whole number from {low} to {high}"
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            return "must be a list of texts"
        if name == "stream_identity" and (not value or not set(value) <= set(IDENTITY_FIELDS)):
            return f"choose at least one of {', '.join(IDENTITY_FIELDS)}"
        return ""
    if not isinstance(value, str):
        return "must be a text"
    if name in CHOICES and value not in CHOICES[name]:
        return f"must be one of {', '.join(CHOICES[name])}"
    if name == "time_zone" and value and not _is_time_zone(value):
        return "must be a time zone such as Europe/Berlin"
    if name == "public_base_url" and value and not _is_web_address(value):
        return "must be an address such as http://192.168.1.10:6100"
    if name == "dispatcharr_url" and value and not _is_web_address(value):
        return "must be an address such as http://192.168.1.10:9191"
    return ""


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of the zone database
        return False
    return True


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _write(text: str) -> None:
    path = _path()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".settings-")  # made with mode 600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
