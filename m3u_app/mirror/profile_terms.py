"""What an account profile is called on the server and here (20 §6)."""

from datetime import datetime
from typing import Any

from ecm_site.dispatcharr.shapes import AccountProfile as Row
from m3u_app.mirror.expected import flag, number, properties, text
from m3u_app.mirror.moments import rewritten
from m3u_app.mirror.patterns_there import pattern_for_server, replacement_for_server
from m3u_app.providers.loose_values import text_of
from tasks_app.mirror.kinds import Values
from tasks_app.mirror.readable import needed_text

SECRETS = ("search_pattern", "replace_pattern")
NAME_LIMIT = 255
NOTES = "notes"
PLAIN = ("name", "max_streams", "is_active", "notes")
_NOT_OF_DEFAULT = ("max_streams", "is_active", *SECRETS)
"""Fields that a default profile does not have: there they are the account's or fixed."""


def without_fixed(values: Values) -> Values:
    if not values["is_default"]:
        return values
    return {name: value for name, value in values.items() if name not in _NOT_OF_DEFAULT}


def our_values(row: Row, account_id: int) -> Values:
    return without_fixed(
        {
            "account": account_id,
            "is_default": flag(row, "is_default"),
            "name": needed_text(row, "name")[:NAME_LIMIT],
            "max_streams": number(row, "max_streams"),
            "is_active": flag(row, "is_active"),
            "search_pattern": text(row, "search_pattern"),
            "replace_pattern": text(row, "replace_pattern"),
            "notes": text_of(properties(row).get(NOTES)),
            "exp_date": rewritten(row["exp_date"]),
        }
    )


def their_values(values: Values, whole: Values, there: Row | None) -> dict[str, Any]:
    """What to send of ``values``; ``there`` is the profile as the server has it, None = it is made. Raises
    :class:`NotForTheServer`."""
    names = ("name", "exp_date") if whole["is_default"] else ("name", "exp_date", "max_streams", "is_active")
    body = {name: values[name] for name in names if name in values}
    if not whole["is_default"] and values.keys() & set(SECRETS):
        body["search_pattern"] = pattern_for_server(whole["search_pattern"])
        body["replace_pattern"] = replacement_for_server(whole["replace_pattern"])
    properties = (there["custom_properties"] if there else None) or {}
    if values.get(NOTES, text_of(properties.get(NOTES))) != text_of(properties.get(NOTES)):
        body["custom_properties"] = {**properties, NOTES: values[NOTES]}
    return body


def columns_of(values: Values) -> dict[str, Any]:
    columns = {name: values[name] for name in (*PLAIN, *SECRETS) if name in values}
    if "exp_date" in values:
        columns["exp_date"] = datetime.fromisoformat(values["exp_date"]) if values["exp_date"] else None
    return columns
