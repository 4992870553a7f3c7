"""/api/channels/streams/"""

from typing import Any
from urllib.parse import urlsplit

from tests.fake_dispatcharr.playlists import Entry
from tests.fake_dispatcharr.replies import Crash, Request, field_error, missing
from tests.fake_dispatcharr.routes.listing import int_list, paged
from tests.fake_dispatcharr.routing import route
from tests.fake_dispatcharr.streams import new_row
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]
BASE = "/api/channels/streams/"
READ_ONLY_OF_PROVIDER = {"name", "url", "tvg_id", "channel_group", "m3u_account"}
WRITABLE = {"name", "url", "tvg_id", "channel_group", "m3u_account", "logo_url", "stream_profile_id", "is_adult"}


def chosen(world: World, request: Request) -> list[int]:
    """Ids that the filters leave: unknown ones are ignored, streams of inactive accounts are never there."""
    table = world.streams
    active = {number for number, account in world.tables["accounts"].items() if account["is_active"]}
    if request.has("m3u_account"):
        try:
            active &= {int(part) for part in request.param("m3u_account").split(",")}
        except ValueError:
            raise Crash from None
    if len(active) == len(world.tables["accounts"]):
        found = list(table.ids())
    else:
        found = [number for number in table.ids() if table.account(number) in active]
    if request.has("name") or request.has("search"):
        word = (request.param("name") or request.param("search")).casefold()
        found = [number for number in found if word in table.name(number).casefold()]
    if request.has("channel_group_name") or request.has("channel_group"):
        names = {request.param("channel_group_name")} if request.has("channel_group_name") else set()
        names |= set(request.param("channel_group").split(",")) - {""}
        groups = {number for number, group in world.tables["groups"].items() if group["name"] in names}
        found = [number for number in found if (table.get(number) or {}).get("channel_group") in groups]
    if request.param("hide_stale") in ("1", "true"):
        found = [number for number in found if not (table.get(number) or {}).get("is_stale")]
    if request.param("unassigned") in ("1", "true"):
        used = {number for channel in world.tables["channels"].values() for number in channel["streams"]}
        found = [number for number in found if number not in used]
    return found


@route("GET", BASE)
def list_streams(world: World, request: Request) -> Any:
    table = world.streams
    if request.has("ids"):
        found = [row for part in request.param("ids").split(",") if (row := table.get(int(part)))]
        if not found:
            raise missing("Stream")
        return found
    ordering = request.param("ordering", "-name").split(",")
    descending = ordering[0].startswith("-")
    keys = [part.lstrip("-") for part in ordering if part.lstrip("-") in ("name", "tvg_id")] or ["name"]

    def key(number: int) -> tuple[str, ...]:
        if keys == ["name"]:
            return (table.name(number),)
        row = table.get(number) or {}
        return tuple(str(row.get(name) or "") for name in keys)

    return paged(world, request, chosen(world, request), key, table.get, reverse=descending)


@route("GET", f"{BASE}ids/")
def stream_ids(world: World, request: Request) -> list[int]:
    return sorted(chosen(world, request), key=world.streams.name, reverse=True)


@route("POST", f"{BASE}by-ids/", level=1)
def by_ids(world: World, request: Request) -> list[Row]:
    numbers = int_list(request.data.get("ids"), "ids")
    world.rng.shuffle(numbers)  # it keeps no order
    return [row for number in dict.fromkeys(numbers) if (row := world.streams.get(number))]


@route("GET", f"{BASE}{{id}}/")
def get_stream(world: World, request: Request, id: int) -> Row:
    row = world.streams.get(id) if isinstance(id, int) else None
    if row is None or not world.tables["accounts"].get(row["m3u_account"], {}).get("is_active"):
        raise missing("Stream")
    return row


@route("POST", BASE, status=201)
def create_stream(world: World, request: Request) -> Row:
    values = {key: value for key, value in request.data.items() if key in WRITABLE}
    _check(values)
    written = world.clock.written()
    entry = Entry(values.get("name") or "Default Stream", values.get("url") or "")
    row = new_row(0, entry, values.get("m3u_account") or 1, written, written)
    row |= {"url": None, "logo_url": None, "tvg_id": None, "is_custom": not values.get("m3u_account")} | values
    row["m3u_account"] = values.get("m3u_account") or 1
    row["name"] = entry.name
    return world.streams.add(row)


@route("PATCH", f"{BASE}{{id}}/")
def patch_stream(world: World, request: Request, id: int) -> Row:
    row = get_stream(world, request, id)
    values = {key: value for key, value in request.data.items() if key in WRITABLE}
    if not row["is_custom"]:
        values = {key: value for key, value in values.items() if key not in READ_ONLY_OF_PROVIDER}
    _check(values)
    row |= values | {"updated_at": world.clock.written()}
    world.streams.put(row)
    return row


@route("DELETE", f"{BASE}bulk-delete/", status=204)
def delete_streams(world: World, request: Request) -> None:
    numbers = request.data.get("stream_ids", [])
    if not isinstance(numbers, list):
        raise Crash
    for number in numbers:
        world.streams.delete(number)
    world.unlink_streams(set(numbers))


@route("DELETE", f"{BASE}{{id}}/", status=204)
def delete_stream(world: World, request: Request, id: int) -> None:
    get_stream(world, request, id)
    world.remove("streams", id)


def _check(values: Row) -> None:
    url = values.get("url")
    if url is not None and (urlsplit(url).scheme not in ("http", "https", "rtsp", "rtp", "udp") or not urlsplit(url).netloc):
        raise field_error("url", "Enter a valid URL.")
    if isinstance(values.get("channel_group"), str):
        raise field_error("channel_group", "Incorrect type. Expected pk value, received str.")
