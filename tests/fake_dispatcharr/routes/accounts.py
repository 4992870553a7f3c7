"""/api/m3u/"""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.fake_dispatcharr import jobs
from tests.fake_dispatcharr.playlists import Playlist
from tests.fake_dispatcharr.replies import REQUIRED, Crash, Refusal, Reply, Request, field_error, missing
from tests.fake_dispatcharr.routing import route
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]
BASE = "/api/m3u/accounts/"
SERVER_GROUPS = "/api/m3u/server-groups/"
WRITABLE = {
    "name", "server_url", "account_type", "username", "password", "max_streams", "refresh_interval", "cron_expression",
    "stale_stream_days", "is_active", "user_agent", "server_group", "priority", "custom_properties",
    "auto_enable_new_groups_live", "exp_date",
}  # fmt: skip
_CRON = re.compile(r"(\S+\s+){4}\S+|")
PROFILE_KEYS = (
    "name", "max_streams", "is_active", "is_default", "search_pattern", "replace_pattern", "custom_properties", "exp_date",
)  # fmt: skip
FILTER_KEYS = ("filter_type", "regex_pattern", "exclude", "order", "custom_properties")


def shown(world: World, row: Row) -> Row:
    number = row["id"]
    default = _default_profile(world, number)
    filters = [_filter(each) for each in world.tables["filters"].values() if each["account"] == number]
    return row | {
        "exp_date": default["exp_date"] if default else None,
        "filters": filters,
        "profiles": [_profile(world, each) for each in world.tables["account_profiles"].values() if each["owner"] == number],
        "channel_groups": [dict(relation) for relation in world.relations[number].values()],
    }


@route("GET", BASE)
def list_accounts(world: World, request: Request) -> list[Row]:
    return [shown(world, row) for row in world.tables["accounts"].values()]


@route("GET", f"{BASE}{{id}}/")
def get_account(world: World, request: Request, id: int) -> Row:
    return shown(world, _row(world, id))


@route("POST", BASE, status=201)
def create_account(world: World, request: Request) -> Row:
    values = _checked(world, request.data, None)
    expires = values.pop("exp_date", None)
    if "file" in request.files:
        name, content = request.files["file"]
        values = _from_form(values) | {"file_path": f"/data/uploads/m3us/{name}", "server_url": None}
        world.playlists[values["file_path"]] = Playlist.read(content.decode())
    row = jobs.new_account(world, values)
    _write_through(world, row["id"], exp_date=expires)
    answer = shown(world, row) | {"channel_groups": []}
    if (row["server_url"] or row["file_path"]) and row["is_active"]:
        jobs.read_groups(world, row["id"])
    return answer


@route("PATCH", f"{BASE}{{id}}/")
def patch_account(world: World, request: Request, id: int) -> Row:
    row = _row(world, id)
    values = _checked(world, request.data, row)
    if values.get("cron_expression") and not _CRON.fullmatch(values["cron_expression"]):
        raise Crash
    if "exp_date" in values:
        _write_through(world, id, exp_date=values.pop("exp_date"))
    if "custom_properties" in values:
        values["custom_properties"] = {**(row["custom_properties"] or {}), **(values["custom_properties"] or {})}
    row.update(values)
    if "is_active" in values:
        row["status"] = "idle" if row["is_active"] else "disabled"
    if "auto_enable_new_groups_live" in values:
        row["custom_properties"] = {
            **(row["custom_properties"] or {}),
            "auto_enable_new_groups_live": values["auto_enable_new_groups_live"],
        }
    if "max_streams" in values:
        _write_through(world, id, max_streams=row["max_streams"])
    for group in request.data.get("channel_groups", []):  # only the flag of groups that are there
        relation = world.relations[id].get(group["channel_group"])
        if relation is not None:
            relation["enabled"] = bool(group["enabled"])
    return shown(world, row)


@route("DELETE", f"{BASE}{{id}}/")
def delete_account(world: World, request: Request, id: int) -> Row:
    _row(world, id)
    made = [number for number, row in world.tables["channels"].items() if row["auto_created_by"] == id]
    for number in made:
        world.remove("channels", number)
    world.unlink_streams(set(world.streams.drop_account(id)))
    del world.tables["accounts"][id], world.relations[id]
    for table, key in (("account_profiles", "owner"), ("filters", "account")):
        world.tables[table] = {number: row for number, row in world.tables[table].items() if row[key] != id}
    return {"deleted_channels": len(made)}


@route("PATCH", f"{BASE}{{id}}/group-settings/", level=1)
def group_settings(world: World, request: Request, id: int) -> Row:
    """Keys that are left out go back to their defaults; a standard user may do this as well."""
    _row(world, id)
    wanted = request.data.get("group_settings", [])
    for group in wanted:
        number = group["channel_group"]
        if number not in world.tables["groups"]:
            words = f"Failed to update group settings: Key (channel_group_id)=({number}) is not present in table."
            raise Refusal(400, {"error": words})
        start, end = group.get("auto_sync_channel_start"), group.get("auto_sync_channel_end")
        if start is not None and end is not None and end < start:
            words = f"Channel group {number}: auto_sync_channel_end must be >= auto_sync_channel_start."
            raise Refusal(400, {"error": words})
    for group in wanted:
        number = group["channel_group"]
        kept = world.relations[id].get(number, {"is_stale": False, "last_seen": world.clock.written(), "stream_count": 0})
        world.relations[id][number] = {
            "channel_group": number,
            "enabled": group.get("enabled", True),
            "auto_channel_sync": group.get("auto_channel_sync", False),
            "auto_sync_channel_start": group.get("auto_sync_channel_start"),
            "auto_sync_channel_end": group.get("auto_sync_channel_end"),
            "custom_properties": group.get("custom_properties", {}),
            **{key: kept[key] for key in ("is_stale", "last_seen", "stream_count")},
        }
    return {"message": "Group settings updated successfully"}


@route("POST", "/api/m3u/refresh/{id}/", status=202)
def refresh(world: World, request: Request, id: int) -> Row:
    jobs.start_refresh(world, id)
    return {"success": True, "message": f"M3U account {id} refresh initiated."}


@route("POST", "/api/m3u/refresh/", status=202)
def refresh_all(world: World, request: Request) -> Row:
    for number, row in world.tables["accounts"].items():
        if not row["locked"]:
            jobs.start_refresh(world, number)
    return {"success": True, "message": "M3U refresh initiated."}


@route("GET", f"{BASE}{{id}}/profiles/")
def list_profiles(world: World, request: Request, id: int) -> list[Row]:
    return list(shown(world, _row(world, id))["profiles"])


@route("POST", f"{BASE}{{id}}/profiles/", status=201)
def create_profile(world: World, request: Request, id: int) -> Row:
    body = request.data
    if not body.get("is_default"):
        _patterns(body)
    if any(row["owner"] == id and row["name"] == body["name"] for row in world.tables["account_profiles"].values()):
        raise Crash
    row = {
        "id": 0, "owner": id, "name": body["name"], "max_streams": 0, "is_active": True, "is_default": False,
        "current_viewers": 0, "search_pattern": "", "replace_pattern": "", "custom_properties": {}, "exp_date": None,
    }  # fmt: skip
    row |= {key: body[key] for key in PROFILE_KEYS if key in body}
    return _profile(world, world.insert("account_profiles", row))


@route("PATCH", f"{BASE}{{id}}/profiles/{{profile}}/")
def patch_profile(world: World, request: Request, id: int, profile: int) -> Any:
    row = world.tables["account_profiles"].get(profile)
    if row is None:
        raise missing("M3UAccountProfile")
    if row["is_default"]:
        barred = [key for key in request.data if key in ("max_streams", "is_active")]
        if barred:
            words = "Default profiles can only modify name, notes, expiration, and URL patterns. Cannot modify: "
            return Reply(400, [words + ", ".join(barred)])
    else:
        _patterns(request.data)
    row.update({key: request.data[key] for key in PROFILE_KEYS if key in request.data and key != "is_default"})
    return _profile(world, row)


@route("DELETE", f"{BASE}{{id}}/profiles/{{profile}}/", status=204)
def delete_profile(world: World, request: Request, id: int, profile: int) -> None:
    if world.tables["account_profiles"].pop(profile, None) is None:
        raise missing("M3UAccountProfile")


@route("GET", f"{BASE}{{id}}/filters/")
def list_filters(world: World, request: Request, id: int) -> list[Row]:
    return list(shown(world, _row(world, id))["filters"])


@route("POST", f"{BASE}{{id}}/filters/", status=201)
def create_filter(world: World, request: Request, id: int) -> Row:
    body = _filter_values(request.data)
    if "regex_pattern" not in body:
        raise field_error("regex_pattern", REQUIRED)
    row = {"id": 0, "account": id, "filter_type": "group", "exclude": True, "order": 0, "custom_properties": {}} | body
    return _filter(world.insert("filters", row))


@route("PATCH", f"{BASE}{{id}}/filters/{{filter}}/")
def patch_filter(world: World, request: Request, id: int, filter: int) -> Row:
    row = world.tables["filters"].get(filter)
    if row is None:
        raise missing("M3UFilter")
    row.update(_filter_values(request.data))
    return _filter(row)


@route("DELETE", f"{BASE}{{id}}/filters/{{filter}}/", status=204)
def delete_filter(world: World, request: Request, id: int, filter: int) -> None:
    if world.tables["filters"].pop(filter, None) is None:
        raise missing("M3UFilter")


@route("GET", SERVER_GROUPS)
def list_server_groups(world: World, request: Request) -> list[Row]:
    return list(world.tables["server_groups"].values())


@route("POST", SERVER_GROUPS, status=201)
def create_server_group(world: World, request: Request) -> Row:
    name = request.data.get("name")
    if not name:
        raise field_error("name", REQUIRED)
    if any(row["name"] == name for row in world.tables["server_groups"].values()):
        raise field_error("name", "server group with this name already exists.")
    return world.insert("server_groups", {"id": 0, "name": name})


@route("PATCH", f"{SERVER_GROUPS}{{id}}/")
def patch_server_group(world: World, request: Request, id: int) -> Row:
    row = world.tables["server_groups"].get(id)
    if row is None:
        raise missing("ServerGroup")
    row["name"] = request.data.get("name", row["name"])
    return row


@route("DELETE", f"{SERVER_GROUPS}{{id}}/", status=204)
def delete_server_group(world: World, request: Request, id: int) -> None:
    if id not in world.tables["server_groups"]:
        raise missing("ServerGroup")
    world.remove("server_groups", id)


def _row(world: World, number: Any) -> Row:
    row = world.tables["accounts"].get(number)
    if row is None:
        raise missing("M3UAccount")
    return row


def _from_form(values: Row) -> Row:
    """A form knows texts only, and a box that is not in it counts as off."""
    numbers = {"max_streams", "refresh_interval", "stale_stream_days", "priority", "user_agent", "server_group"}
    boxes = {key: values.get(key) == "true" for key in ("is_active", "auto_enable_new_groups_live")}
    return {key: int(value) if key in numbers else value for key, value in values.items() if value != ""} | boxes


def _default_profile(world: World, number: int) -> Row | None:
    profiles = world.tables["account_profiles"].values()
    return next((profile for profile in profiles if profile["owner"] == number and profile["is_default"]), None)


def _write_through(world: World, number: int, **values: Any) -> None:
    """Some fields of an account are those of its default profile."""
    profile = _default_profile(world, number)
    if profile is not None:
        profile.update(values)


def _checked(world: World, body: Row, row: Row | None) -> Row:
    values = {key: value for key, value in body.items() if key in WRITABLE}
    if row is None and not values.get("name"):
        raise field_error("name", REQUIRED)
    url = values.get("server_url")
    if url and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc):
        raise field_error("server_url", "Enter a valid URL.")
    others = (each for each in world.tables["accounts"].values() if each is not row)
    if any(each["name"] == values.get("name") for each in others):
        raise field_error("name", "m3u account with this name already exists.")
    return values


def _patterns(body: Row) -> None:
    for key in ("search_pattern", "replace_pattern"):
        if not body.get(key):
            raise field_error(key, "This field is required for non-default profiles.")


def _profile(world: World, row: Row) -> Row:
    account = world.tables["accounts"][row["owner"]]
    shape = {key: value for key, value in row.items() if key != "owner"}
    kind = account["account_type"]
    owner = {"id": account["id"], "name": account["name"], "account_type": kind, "is_xtream_codes": kind == "XC"}
    return shape | {"account": owner}


def _filter(row: Row) -> Row:
    return {key: row[key] for key in ("id", *FILTER_KEYS)}


def _filter_values(body: Row) -> Row:
    values = {key: body[key] for key in FILTER_KEYS if key in body}
    if values.get("filter_type") not in (None, "group", "name", "url"):
        raise field_error("filter_type", f'"{values["filter_type"]}" is not a valid choice.')
    if "regex_pattern" in values:
        values["regex_pattern"] = values["regex_pattern"].strip()  # and is not looked at any further
    return values
