"""From a panel's JSON to neutral entries and account columns (20 §1.6)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils import timezone

from m3u_app.entries import (
    DEFAULT_GROUP,
    GROUP_LIMIT,
    ID_LIMIT,
    LONG_URL,
    NAME_LIMIT,
    NO_ID,
    SHORT_LIMIT,
    URL_LIMIT,
    Entry,
    GroupHint,
    ReadReport,
    channel_number,
)
from m3u_app.providers.loose_values import count_of, flag_of, moment_of, number_of, text_of, word_of
from m3u_app.providers.xtream.address import stream_url

MAX_CATCHUP_DAYS = 3650
_OWN_COLUMNS = {
    "name",
    "epg_channel_id",
    "stream_icon",
    "num",
    "stream_id",
    "is_adult",
    "tv_archive",
    "tv_archive_duration",
    "category_id",
    "category_ids",
}
_EXTRA_VALUE_LIMIT = 1000

ToEntry = Callable[[Mapping[str, Any], ReadReport], Entry | None]


def group_hints(categories: Iterable[Mapping[str, Any]]) -> list[GroupHint]:
    """Categories as groups. Two categories of one name stay two groups: the later gets its id behind the name."""
    hints: list[GroupHint] = []
    names: set[str] = set()
    keys: set[str] = set()
    for category in categories:
        key = word_of(category.get("category_id"))[:40]
        name = text_of(category.get("category_name"))[:GROUP_LIMIT] or f"Category {key}"
        if not key or key in keys:
            continue
        if name in names:
            name = f"{name[: GROUP_LIMIT - 43]} ({key})"
        names.add(name)
        keys.add(key)
        hints.append(GroupHint(name, key))
    return hints


def entry_mapper(*, account_name: str, base: str, username: str, password: str, group_names: Mapping[str, str]) -> ToEntry:
    """Return the function that turns one stream object into an entry.

    Addresses are built from the login given here, never from what a panel or the database remembers (20 §24 trap 12).
    ``group_names`` is category id → group name; a stream of an unknown category is called after its number.
    """

    def to_entry(item: Mapping[str, Any], report: ReadReport) -> Entry | None:
        stream_id = word_of(item.get("stream_id"))[:SHORT_LIMIT]
        if not stream_id:
            report.drop(NO_ID, text=text_of(item.get("name")))
            return None
        key = _category_of(item)
        url = stream_url(base, username, password, stream_id)
        if len(url) > URL_LIMIT:
            report.drop(LONG_URL, text=text_of(item.get("name")))
            return None
        logo = word_of(item.get("stream_icon"))
        return Entry(
            name=(_one_line(item.get("name")) or f"{account_name} - {stream_id}")[:NAME_LIMIT],
            url=url,
            group=group_names.get(key, f"Category {key}") if key else DEFAULT_GROUP,
            group_key=key,
            identity_key=stream_id,
            tvg_id=word_of(item.get("epg_channel_id"))[:ID_LIMIT],
            logo_url=logo if len(logo) <= URL_LIMIT else "",
            stream_chno=channel_number(text_of(item.get("num"))),
            provider_stream_id=stream_id,
            is_adult=flag_of(item.get("is_adult")),
            is_radio=word_of(item.get("stream_type")) == "radio_streams",
            is_catchup=flag_of(item.get("tv_archive")),
            catchup_days=count_of(item.get("tv_archive_duration"), most=MAX_CATCHUP_DAYS)
            if flag_of(item.get("tv_archive"))
            else 0,
            extras=_extras(item),
        )

    return to_entry


def account_facts(login: Mapping[str, Any]) -> dict[str, Any]:
    """The account columns that a login answers: ``exp_date`` and ``provider_info``, the login itself left out."""
    user, server = login["user_info"], login["server_info"]
    expires = moment_of(user.get("exp_date"))
    created = moment_of(user.get("created_at"))
    formats = user.get("allowed_output_formats")
    return {
        "exp_date": expires,
        "provider_info": {
            "status": word_of(user.get("status"))[:SHORT_LIMIT],
            "message": text_of(user.get("message"))[:300],
            "expires": expires.isoformat() if expires else "",
            "is_trial": flag_of(user.get("is_trial")),
            "active_connections": number_of(user.get("active_cons")),
            "max_connections": number_of(user.get("max_connections")),
            "created": created.isoformat() if created else "",
            "formats": [text_of(name)[:20] for name in formats][:10] if isinstance(formats, list) else [],
            "server_time_zone": text_of(server.get("timezone"))[:SHORT_LIMIT],
            "asked_at": timezone.now().isoformat(timespec="seconds"),
        },
    }


def _one_line(value: object) -> str:
    return " ".join(line.strip() for line in text_of(value).splitlines()).strip()


def _category_of(item: Mapping[str, Any]) -> str:
    key = word_of(item.get("category_id"))
    more = item.get("category_ids")
    if not key and isinstance(more, list) and more:
        key = word_of(more[0])
    return key[:40]


def _extras(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """What has no column of its own, kept apart from the attributes that published playlists repeat."""
    kept: dict[str, Any] = {}
    for key, value in item.items():
        if key in _OWN_COLUMNS or isinstance(value, dict | list):
            continue
        text = word_of(value)
        if text and text != "0" and (key, text) != ("stream_type", "live"):
            kept[text_of(key)[:SHORT_LIMIT]] = text[:_EXTRA_VALUE_LIMIT]
    more = item.get("category_ids")
    if isinstance(more, list) and len(more) > 1:
        kept["category_ids"] = [word_of(key)[:40] for key in more[:50]]
    return {"xtream": kept} if kept else None
