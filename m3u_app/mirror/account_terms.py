"""What an account is called on the server and here: from the server's row to our terms, and from ours to its fields."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ecm_site.dispatcharr.shapes import Account as Row
from ecm_site.masking import mask_text
from m3u_app.mirror.expected import NUMBER_MAX, flag, number, text
from m3u_app.mirror.moments import rewritten
from m3u_app.mirror.user_agents_there import UserAgents
from m3u_app.models import AccountType
from m3u_app.providers.loose_values import moment_of, text_of
from m3u_app.providers.xtream.mapping import account_facts
from tasks_app.mirror.kinds import LinkBook, Values
from tasks_app.mirror.readable import is_id, needed_text

NAME_LIMIT = 255
STATUS_LIMIT = 20
MESSAGE_LIMIT = 2_000
CRON_LIMIT = 255
PLAIN = ("name", "max_streams", "refresh_interval", "cron_expression", "stale_stream_days", "priority", "is_active")
"""Fields that both sides call and write the same."""
NUMBERS = ("max_streams", "refresh_interval", "stale_stream_days")
_TUNER_PLAYLISTS = ("/lineup.m3u", "/lineup.m3u8")  # an HDHomeRun is a playlist of this name there (20 §1.2)
_PLAYLISTS = (".m3u", ".m3u8")
_PACKED = (".gz", ".xz", ".zip")


class NotThereYet(Exception):
    """Something that the account refers to is not on the server. Text: a sentence that says so."""


def our_terms(row: Row, agents: UserAgents, links: LinkBook) -> Values:
    """The fields of an account of the server, in local terms."""
    account_type, url = _type_and_address(text(row, "account_type"), text(row, "server_url"))
    group = row["server_group"]
    if group is not None and not is_id(group):
        raise ValueError("its server group is none")
    values: Values = {
        "name": needed_text(row, "name").strip()[:NAME_LIMIT],
        "priority": number(row, "priority", least=-NUMBER_MAX),
        "is_active": flag(row, "is_active"),
        **{name: number(row, name) for name in NUMBERS},
    }
    if "password" in row:  # only administrators are told
        values["password"] = text(row, "password")
    if "cron_expression" in row:  # a server that knows no times says nothing about ours
        values["cron_expression"] = text(row, "cron_expression", longest=CRON_LIMIT)
    return values | {
        "account_type": account_type,
        "server_url": url,
        "file": file_name(text(row, "file_path")),
        "username": text(row, "username"),
        "user_agent": agents.text_of(row["user_agent"] if is_id(row["user_agent"]) else None),
        "auto_enable_new_groups": bool(row["auto_enable_new_groups_live"]),
        "server_group": None if group is None else links.local("server_group", group),
        "exp_date": rewritten(row.get("exp_date")),
    }


def our_books(row: Row) -> Values:
    """What only the server knows about an account."""
    return {
        "status": text_of(row["status"])[:STATUS_LIMIT],
        "last_message": mask_text(text_of(row["last_message"])[:MESSAGE_LIMIT]),
        "updated_at": moment_of(row["updated_at"]),
        "locked": bool(row["locked"]),
        "provider_info": provider_info(row),
    }


def provider_info(row: Row) -> dict[str, Any]:
    """What the provider said about the account's login, as far as the server keeps it with the default profile."""
    if row["account_type"] != AccountType.XTREAM.value:
        return {}
    profiles = row["profiles"] if isinstance(row["profiles"], list) else []
    default = next((found for found in profiles if isinstance(found, Mapping) and found.get("is_default")), None)
    properties = default.get("custom_properties") if default else None
    return login_facts(properties if isinstance(properties, Mapping) else None)


def login_facts(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """The facts of a login out of a profile's ``custom_properties``; {} when it holds none."""
    user = (properties or {}).get("user_info")
    if not isinstance(user, Mapping):
        return {}
    server = (properties or {}).get("server_info")
    facts: dict[str, Any] = account_facts({"user_info": user, "server_info": server if isinstance(server, Mapping) else {}})
    info: dict[str, Any] = facts["provider_info"]
    info.pop("asked_at")  # that is when the server asked, which it does not say
    return info


def their_terms(values: Values, whole: Values, agents: UserAgents, links: LinkBook) -> dict[str, Any]:
    """The fields to send for ``values``, a part of ``whole``. Raises :class:`NotThereYet`.

    A playlist file is not among them: it goes only with a creation.
    """
    body: dict[str, Any] = {name: values[name] for name in PLAIN if name in values}
    if values.keys() & {"account_type", "server_url"}:
        tuner = whole["account_type"] == AccountType.HDHOMERUN
        body["account_type"] = AccountType.STANDARD.value if tuner else whole["account_type"]
        if "server_url" in whole:
            body["server_url"] = (f"{whole['server_url']}/lineup.m3u" if tuner else whole["server_url"]) or None
    for name in ("username", "password"):
        if name in values:
            body[name] = values[name]
    if "user_agent" in values:
        body["user_agent"] = agents.id_of(values["user_agent"])
    if "auto_enable_new_groups" in values:
        body["auto_enable_new_groups_live"] = values["auto_enable_new_groups"]
    if "exp_date" in values:
        body["exp_date"] = values["exp_date"]
    if "server_group" in values:
        body["server_group"] = _group_there(values["server_group"], links)
    return body


def file_name(path: str) -> str:
    """What a playlist file is called on the server: archives arrive there unpacked."""
    name = PurePosixPath(path).name
    while name.lower().endswith(_PACKED):
        name = name.rpartition(".")[0]
    return name if not name or name.lower().endswith((*_PLAYLISTS, ".txt")) else f"{name}.m3u"


def stored_path(name: str, current: str = "") -> str:
    """The path to keep for a file that the server calls ``name``: ours, if it is the same file."""
    return current if current and file_name(current) == name else name


def _type_and_address(account_type: str, url: str) -> tuple[str, str]:
    if account_type == AccountType.STANDARD:
        try:
            parts = urlsplit(url)
        except ValueError:
            return account_type, url
        if parts.path.lower() in _TUNER_PLAYLISTS and not parts.query:
            return AccountType.HDHOMERUN.value, url[: -len(parts.path)]
    return text_of(account_type)[:4], url


def _group_there(group_id: int | None, links: LinkBook) -> int | None:
    if group_id is None:
        return None
    there = links.remote("server_group", group_id)
    if there is None:
        raise NotThereYet("Waits until its server group is on the server.")
    return there
