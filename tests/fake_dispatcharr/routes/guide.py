"""/api/epg/"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fake_dispatcharr import jobs
from tests.fake_dispatcharr.replies import REQUIRED, Refusal, Request, field_error, missing
from tests.fake_dispatcharr.routes.listing import paged
from tests.fake_dispatcharr.routing import route
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]
SOURCES = "/api/epg/sources/"
WRITABLE = ("name", "url", "username", "is_active", "refresh_interval", "cron_expression", "priority", "custom_properties")
TITLES = ("Morning News", "Match of the Day", "Law and Order", "Quiz Night", "Top 40")


@route("GET", SOURCES)
def list_sources(world: World, request: Request) -> list[Row]:
    return list(world.tables["sources"].values())


@route("GET", f"{SOURCES}{{id}}/")
def get_source(world: World, request: Request, id: int) -> Row:
    row = world.tables["sources"].get(id)
    if row is None:
        raise missing("EPGSource")
    return row


@route("POST", SOURCES, status=201)
def create_source(world: World, request: Request) -> Row:
    body = request.data
    if not body.get("name"):
        raise field_error("name", REQUIRED)
    if body.get("source_type", "xmltv") not in ("xmltv", "schedules_direct", "dummy"):
        raise field_error("source_type", f'"{body["source_type"]}" is not a valid choice.')
    if any(row["name"] == body["name"] for row in world.tables["sources"].values()):
        raise field_error("name", "epg source with this name already exists.")
    row = jobs.new_source(world, body)
    _keep_password(world, row, body)
    answer = dict(row)
    if row["is_active"] and row["source_type"] == "xmltv":
        jobs.start_import(world, row["id"])
    return answer


@route("POST", f"{SOURCES}upload/", status=201)
def upload_source(world: World, request: Request) -> Row:
    if "file" not in request.files:
        raise Refusal(400, {"error": "No file uploaded"})
    file_name, _content = request.files["file"]
    row = create_source(world, Request("POST", request.path, "", {}, dict(request.data) | {"is_active": False}, request.client))
    world.tables["sources"][row["id"]]["file_path"] = f"/data/uploads/epgs/{file_name}"
    return world.tables["sources"][row["id"]]


@route("PATCH", f"{SOURCES}{{id}}/")
def patch_source(world: World, request: Request, id: int) -> Row:
    row = get_source(world, request, id)
    name = request.data.get("name", row["name"])
    if any(other["name"] == name and other is not row for other in world.tables["sources"].values()):
        raise field_error("name", "epg source with this name already exists.")
    row.update({key: request.data[key] for key in WRITABLE if key in request.data})
    _keep_password(world, row, request.data)
    if "is_active" in request.data:
        row["status"] = "idle" if row["is_active"] else "disabled"
    return row


@route("DELETE", f"{SOURCES}{{id}}/", status=204)
def delete_source(world: World, request: Request, id: int) -> None:
    get_source(world, request, id)
    for entry in [number for number, row in world.tables["entries"].items() if row["epg_source"] == id]:
        world.remove("entries", entry)
        world.loaded.pop(entry, None)
    world.remove("sources", id)


@route("POST", "/api/epg/import/", status=202)
def start_import(world: World, request: Request) -> Row:
    source = world.tables["sources"].get(request.data.get("id", 0))
    if source is not None and source["source_type"] == "dummy":
        raise Refusal(400, {"success": False, "message": "Dummy EPG sources do not require refreshing."})
    if source is not None:
        jobs.start_import(world, source["id"])
    return {"success": True, "message": "EPG data refresh initiated."}


@route("GET", "/api/epg/epgdata/")
def list_entries(world: World, request: Request) -> list[Row]:
    return list(world.tables["entries"].values())


@route("GET", "/api/epg/programs/")
def list_programmes(world: World, request: Request) -> list[Row]:
    return [programme for entry in world.loaded for programme in _programmes(world, entry)]


@route("GET", "/api/epg/grid/")
def grid(world: World, request: Request) -> Row:
    rows = list_programmes(world, request)
    for channel in world.tables["channels"].values():
        if channel["epg_data_id"] is None:
            rows.append(_invented(world, channel))
    return {"data": rows}


@route("GET", "/api/epg/programs/search/")
def search(world: World, request: Request) -> Row:
    word, tvg_id, source = request.param("title").casefold(), request.param("tvg_id"), request.param("epg_source")
    found: dict[int, Row] = {}
    for entry in world.loaded:
        owner = world.tables["entries"][entry]
        if (tvg_id and owner["tvg_id"] != tvg_id) or (source and str(owner["epg_source"]) != source):
            continue
        extra = {"epg_source": world.tables["sources"][owner["epg_source"]]["name"], "epg_name": owner["name"]}
        found |= {row["id"]: row | extra for row in _programmes(world, entry) if word in row["title"].casefold()}
    return paged(world, request, list(found), lambda number: found[number]["start_time"], found.__getitem__, most=500)


@route("POST", "/api/epg/current-programs/", level=1)
def current(world: World, request: Request) -> list[Row]:
    uuids, entries = request.data.get("channel_uuids"), request.data.get("epg_data_ids")
    if uuids is not None and entries is not None:
        raise Refusal(400, {"error": "Provide either channel_uuids or epg_data_ids, not both"})
    now = datetime.fromtimestamp(world.clock.now() + world.clock.skew, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = []
    if uuids is not None:
        wanted = set(uuids)
        for channel in world.tables["channels"].values():
            if channel["uuid"] in wanted and channel["epg_data_id"] in world.loaded:
                on = _on(world, channel["epg_data_id"], now)
                found.append(on | {"channel_uuid": channel["uuid"]})
        return found
    for entry in (entries or [])[:50]:
        if entry in world.tables["entries"]:
            on = _on(world, entry, now)
            kept = {key: on[key] for key in ("title", "description", "sub_title", "start_time", "end_time")}
            found.append(kept | {"epg_data_id": entry})
    return found


def _keep_password(world: World, row: Row, body: Row) -> None:
    """Taken, and never told again."""
    if body.get("password"):
        world.passwords[f"guide {row['id']}"] = body["password"]


def _on(world: World, entry: int, now: str) -> Row:
    return next(row for row in _programmes(world, entry) if row["start_time"] <= now < row["end_time"])


def _programmes(world: World, entry: int) -> list[Row]:
    """An hour each, from one ago to a day ahead; ids are those given when they were loaded."""
    moment = datetime.fromtimestamp(world.clock.now() + world.clock.skew, UTC).replace(minute=0, second=0, microsecond=0)
    first = world.loaded.get(entry, 0)
    tvg_id = world.tables["entries"][entry]["tvg_id"]
    return [
        {
            "id": first + hour,
            "start_time": (moment + timedelta(hours=hour - 1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end_time": (moment + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title": TITLES[(entry + hour) % len(TITLES)],
            "sub_title": f"Part {hour}",
            "description": "Something on this channel, with guests & more.",
            "tvg_id": tvg_id,
            "season": 1,
            "episode": hour,
            "is_new": False,
            "is_live": False,
            "is_premiere": False,
            "is_finale": False,
        }
        for hour in range(jobs.PROGRAMME_HOURS)
    ]


def _invented(world: World, channel: Row) -> Row:
    moment = datetime.fromtimestamp(world.clock.now() + world.clock.skew, UTC).replace(minute=0, second=0, microsecond=0)
    return {
        "id": f"dummy-standard-{channel['id']}-0",
        "start_time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end_time": (moment + timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "title": channel["name"],
        "sub_title": None,
        "description": "",
        "tvg_id": channel["uuid"],
    }
