"""Groups, logos, channel profiles, stream profiles."""

import hashlib
from collections import Counter
from typing import Any

from tests.fake_dispatcharr.replies import REQUIRED, Crash, Refusal, Request, field_error, missing
from tests.fake_dispatcharr.routes.listing import paged
from tests.fake_dispatcharr.routing import route
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]
GROUPS = "/api/channels/groups/"
LOGOS = "/api/channels/logos/"
PROFILES = "/api/channels/profiles/"
STREAM_PROFILES = "/api/core/streamprofiles/"


def _found(world: World, table: str, number: Any, model: str) -> Row:
    row = world.tables[table].get(number)
    if row is None:
        raise missing(model)
    return row


def _name(world: World, table: str, body: Row, model: str, row: Row | None = None) -> str:
    if "name" not in body:
        raise field_error("name", REQUIRED)
    name = str(body["name"]).strip()
    if not name:
        raise field_error("name", "This field may not be blank.")
    if any(other["name"] == name for other in world.tables[table].values() if other is not row):
        raise field_error("name", f"{model} with this name already exists.")
    return name


def _group(world: World, row: Row, used: Counter[int] | None = None) -> Row:
    relations = [each[row["id"]] for each in world.relations.values() if row["id"] in each]
    used = _uses(world, "channel_group_id") if used is None else used
    return row | {"channel_count": used[row["id"]], "m3u_account_count": len(relations), "m3u_accounts": relations}


@route("GET", GROUPS)
def list_groups(world: World, request: Request) -> list[Row]:
    used = _uses(world, "channel_group_id")
    return [_group(world, row, used) for row in world.tables["groups"].values()]


def _uses(world: World, name: str) -> Counter[int]:
    """How many channels have each id under ``name``."""
    return Counter(channel[name] for channel in world.tables["channels"].values())


@route("GET", f"{GROUPS}{{id}}/")
def get_group(world: World, request: Request, id: int) -> Row:
    return _group(world, _found(world, "groups", id, "ChannelGroup"))


@route("POST", GROUPS, status=201)
def create_group(world: World, request: Request) -> Row:
    name = _name(world, "groups", request.data, "channel group")
    return _group(world, world.insert("groups", {"id": 0, "name": name}))


@route("PATCH", f"{GROUPS}{{id}}/")
def patch_group(world: World, request: Request, id: int) -> Row:
    row = _found(world, "groups", id, "ChannelGroup")
    row["name"] = _name(world, "groups", request.data, "channel group", row)
    return _group(world, row)


@route("DELETE", f"{GROUPS}{{id}}/", status=204)
def delete_group(world: World, request: Request, id: int) -> None:
    """Groups of providers go as well; their streams lose them, and the next refresh makes them again."""
    _found(world, "groups", id, "ChannelGroup")
    if any(channel["channel_group_id"] == id for channel in world.tables["channels"].values()):
        raise Refusal(400, {"error": "Cannot delete group with associated channels"})
    world.remove("groups", id)
    for relations in world.relations.values():
        relations.pop(id, None)
    for block in world.streams.blocks:
        block.groups = {name: number for name, number in block.groups.items() if number != id}
    for row in world.streams.own.values():
        if row["channel_group"] == id:
            row["channel_group"] = None


def _shown_by(world: World) -> dict[int, list[str]]:
    """Names of the channels that show each logo."""
    found: dict[int, list[str]] = {}
    for channel in world.tables["channels"].values():
        found.setdefault(channel["logo_id"], []).append(channel["name"])
    return found


def _logo(world: World, request: Request, row: Row, shown_by: dict[int, list[str]] | None = None) -> Row:
    used = (_shown_by(world) if shown_by is None else shown_by).get(row["id"], [])
    version = hashlib.sha256(row["url"].encode()).hexdigest()[:8]
    return row | {
        "cache_url": f"http://{request.host}{LOGOS}{row['id']}/cache/?v={version}",
        "channel_count": len(used),
        "is_used": bool(used),
        "channel_names": used[:5],
    }


@route("GET", LOGOS)
def list_logos(world: World, request: Request) -> Any:
    rows = world.tables["logos"]
    wanted = [int(text) for text in request.params("ids") if text.isdigit()]
    numbers = [number for number in rows if not wanted or number in wanted]
    shown_by = _shown_by(world)
    if request.param("no_pagination") == "true":
        return [_logo(world, request, rows[number], shown_by) for number in numbers]
    show = lambda number: _logo(world, request, rows[number], shown_by)  # noqa: E731
    return paged(world, request, numbers, lambda number: rows[number]["name"], show, most=1000)


@route("GET", f"{LOGOS}{{id}}/")
def get_logo(world: World, request: Request, id: int) -> Row:
    return _logo(world, request, _found(world, "logos", id, "Logo"))


@route("POST", LOGOS, status=201)
def create_logo(world: World, request: Request) -> Row:
    body = request.data
    for key in ("name", "url"):
        if not body.get(key):
            raise field_error(key, REQUIRED)
    if any(row["url"] == body["url"] for row in world.tables["logos"].values()):
        raise field_error("url", "logo with this url already exists.")
    return _logo(world, request, world.insert("logos", {"id": 0, "name": body["name"], "url": body["url"]}))


@route("POST", f"{LOGOS}upload/", status=201)
def upload_logo(world: World, request: Request) -> Row:
    if "file" not in request.files:
        raise Refusal(400, {"error": "No file uploaded"})
    file_name, _content = request.files["file"]
    if not file_name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")):
        raise Refusal(400, {"error": "['Unsupported file type. Allowed types: JPEG, PNG, GIF, WebP, SVG.']"})
    url = f"/data/logos/{file_name}"
    there = next((row for row in world.tables["logos"].values() if row["url"] == url), None)
    name = request.data.get("name") or file_name
    return _logo(world, request, there or world.insert("logos", {"id": 0, "name": name, "url": url}))


@route("PATCH", f"{LOGOS}{{id}}/")
def patch_logo(world: World, request: Request, id: int) -> Row:
    row = _found(world, "logos", id, "Logo")
    row.update({key: request.data[key] for key in ("name", "url") if key in request.data})
    return _logo(world, request, row)


@route("DELETE", f"{LOGOS}bulk-delete/", status=204)
def delete_logos(world: World, request: Request) -> None:
    numbers = request.data.get("logo_ids")
    if not isinstance(numbers, list):
        raise Crash
    for number in numbers:
        world.remove("logos", number)


@route("DELETE", f"{LOGOS}{{id}}/", status=204)
def delete_logo(world: World, request: Request, id: int) -> None:
    _found(world, "logos", id, "Logo")
    world.remove("logos", id)


def _profile(world: World, row: Row) -> Row:
    members = world.memberships[row["id"]]
    return row | {"channels": [number for number, enabled in members.items() if enabled]}


@route("GET", PROFILES)
def list_profiles(world: World, request: Request) -> list[Row]:
    return [_profile(world, row) for row in world.tables["channel_profiles"].values()]


@route("GET", f"{PROFILES}{{id}}/")
def get_profile(world: World, request: Request, id: int) -> Row:
    return _profile(world, _found(world, "channel_profiles", id, "ChannelProfile"))


@route("POST", PROFILES, status=201)
def create_profile(world: World, request: Request) -> Row:
    name = _name(world, "channel_profiles", request.data, "channel profile")
    row = world.insert("channel_profiles", {"id": 0, "name": name})
    world.memberships[row["id"]] = dict.fromkeys(world.tables["channels"], True)
    return row | {"channels": []}  # it has them all; the answer does not say so yet


@route("PATCH", f"{PROFILES}{{id}}/")
def patch_profile(world: World, request: Request, id: int) -> Row:
    row = _found(world, "channel_profiles", id, "ChannelProfile")
    row["name"] = _name(world, "channel_profiles", request.data, "channel profile", row)
    return _profile(world, row)


@route("DELETE", f"{PROFILES}{{id}}/", status=204)
def delete_profile(world: World, request: Request, id: int) -> None:
    _found(world, "channel_profiles", id, "ChannelProfile")
    world.remove("channel_profiles", id)


@route("PATCH", f"{PROFILES}{{id}}/channels/bulk-update/")
def set_members(world: World, request: Request, id: int) -> Row:
    _found(world, "channel_profiles", id, "ChannelProfile")
    wanted = request.data.get("channels")
    if not wanted:
        raise field_error("channels", "This list may not be empty.")
    unknown = [each["channel_id"] for each in wanted if each["channel_id"] not in world.tables["channels"]]
    if unknown:
        raise Refusal(400, {"error": "Some channels do not exist", "invalid_channels": unknown})
    created = 0
    for each in wanted:
        created += each["channel_id"] not in world.memberships[id]
        world.memberships[id][each["channel_id"]] = bool(each["enabled"])
    return {"status": "success", "updated": len(wanted) - created, "created": created, "invalid_channels": []}


@route("GET", STREAM_PROFILES)
def list_stream_profiles(world: World, request: Request) -> list[Row]:
    return list(world.tables["stream_profiles"].values())


@route("POST", STREAM_PROFILES, status=201)
def create_stream_profile(world: World, request: Request) -> Row:
    if "name" not in request.data:
        raise field_error("name", REQUIRED)
    row = {"id": 0, "name": "", "command": "", "parameters": "", "is_active": True, "user_agent": None, "locked": False}
    return world.insert("stream_profiles", row | {key: request.data[key] for key in row if key in request.data})


@route("PATCH", f"{STREAM_PROFILES}{{id}}/")
def patch_stream_profile(world: World, request: Request, id: int) -> Row:
    row = _found(world, "stream_profiles", id, "StreamProfile")
    if row["locked"]:
        raise Crash
    row.update({key: value for key, value in request.data.items() if key in row and key not in ("id", "locked")})
    return row


@route("DELETE", f"{STREAM_PROFILES}{{id}}/", status=204)
def delete_stream_profile(world: World, request: Request, id: int) -> None:
    if _found(world, "stream_profiles", id, "StreamProfile")["locked"]:
        raise Crash
    world.remove("stream_profiles", id)
