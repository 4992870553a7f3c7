"""/api/channels/channels/"""

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.fake_dispatcharr import jobs
from tests.fake_dispatcharr.replies import REQUIRED, Crash, Refusal, Reply, Request, field_error, missing
from tests.fake_dispatcharr.routes.listing import int_list, paged
from tests.fake_dispatcharr.routing import route
from tests.fake_dispatcharr.world import OVERRIDABLE, World

Row = dict[str, Any]
BASE = "/api/channels/channels/"
PLAIN = ("tvg_id", "tvc_guide_stationid", "user_level", "is_adult", "hidden_from_output")
REFERENCES = {
    "channel_group_id": "groups",
    "logo_id": "logos",
    "epg_data_id": "entries",
    "stream_profile_id": "stream_profiles",
}

_busy: dict[tuple[int, int], int] = {}
_busy_lock = threading.Lock()


@contextmanager
def writing(world: World, request: Request) -> Iterator[None]:
    """Two writes of one channel's streams at the same time: the second falls over a unique constraint."""
    found = re.match(rf"{BASE}(\d+)/\Z", request.path)
    if found is None or request.method not in ("PATCH", "PUT") or "streams" not in request.data:
        yield
        return
    key = (id(world), int(found.group(1)))
    with _busy_lock:
        if _busy.get(key):
            raise Crash
        _busy[key] = 1
    try:
        threading.Event().wait(world.write_seconds)
        yield
    finally:
        with _busy_lock:
            del _busy[key]


def shown(world: World, row: Row) -> Row:
    """The row as the API gives it, with what follows from it."""
    full = dict(row)
    account = world.tables["accounts"].get(row["auto_created_by"] or 0)
    full["auto_created_by_name"] = account["name"] if account else None
    full["source_stream"] = None
    if row["auto_created"] and row["streams"] and (stream := world.streams.get(row["streams"][0])):
        owner = world.tables["accounts"].get(stream["m3u_account"], {}).get("name")
        full["source_stream"] = {
            "id": stream["id"],
            "name": stream["name"],
            "account_id": stream["m3u_account"],
            "account_name": owner,
        }
    override = row["override"] or {}
    for name in OVERRIDABLE:
        value = override.get(name)
        full[f"effective_{name}"] = row[name] if value is None else value
    return full


def _chosen(world: World, request: Request) -> list[int]:
    rows = world.tables["channels"]
    everything = request.param("visibility_filter") == "all"
    found = [number for number, row in rows.items() if everything or not row["hidden_from_output"]]
    if request.param("only_has_overrides") in ("1", "true"):
        found = [number for number in found if any(value is not None for value in (rows[number]["override"] or {}).values())]
    word = (request.param("name") or request.param("search")).casefold()
    return [number for number in found if word in rows[number]["name"].casefold()]


def _number_key(world: World) -> Callable[[int], tuple[bool, float]]:
    rows = world.tables["channels"]
    return lambda number: (rows[number]["channel_number"] is None, rows[number]["channel_number"] or 0.0)


def _order(world: World, request: Request) -> tuple[Callable[[int], Any], bool]:
    """The key to sort by, and whether the other way round; unknown orders are ignored, as there."""
    rows = world.tables["channels"]
    ordering = request.param("ordering", "-channel_number")
    if ordering.lstrip("-") == "name":
        return lambda number: rows[number]["name"], ordering.startswith("-")
    return _number_key(world), ordering != "channel_number"


@route("GET", BASE)
def list_channels(world: World, request: Request) -> Any:
    def show(number: int) -> Row:
        return shown(world, world.tables["channels"][number])

    found = _chosen(world, request)
    key, reverse = _order(world, request)
    if request.has("page") or request.has("page_size"):
        unlinked = any(world.tables["channels"][number]["epg_data_id"] is None for number in found)
        page = paged(world, request, found, key, show, reverse=reverse)
        return page | {"has_unassigned_epg_channels": unlinked}
    return [show(number) for number in sorted(found, key=key, reverse=reverse)]


@route("GET", f"{BASE}ids/")
def channel_ids(world: World, request: Request) -> list[int]:
    return sorted(_chosen(world, request), key=_number_key(world), reverse=True)


@route("GET", f"{BASE}summary/")
def summary(world: World, request: Request) -> list[Row]:
    names = ("id", "uuid", "name", "logo_id", "channel_number", "epg_data_id", "channel_group_id")
    return [{name: world.tables["channels"][number][name] for name in names} for number in channel_ids(world, request)]


@route("POST", f"{BASE}by-uuids/", level=1)
def by_uuids(world: World, request: Request) -> list[Row]:
    try:
        wanted = {str(uuid.UUID(text)) for text in request.data.get("uuids", [])}
    except ValueError:
        raise Crash from None
    return [shown(world, row) for row in world.tables["channels"].values() if row["uuid"] in wanted]


@route("GET", f"{BASE}{{id}}/")
def get_channel(world: World, request: Request, id: int) -> Row:
    return shown(world, _row(world, id))


@route("GET", f"{BASE}{{id}}/streams/")
def channel_streams(world: World, request: Request, id: int) -> list[Row]:
    return [row for number in _row(world, id)["streams"] if (row := world.streams.get(number))]


@route("POST", BASE, status=201)
def create_channel(world: World, request: Request) -> Row:
    values = _checked(world, request.data, creating=True)
    if "channel_number" not in values:
        values["channel_number"] = world.lowest_free_number()
    profiles = request.data.get("channel_profile_ids")
    number = world.add_channel(**values)
    _join(world, number, profiles)
    unknown = [each for each in profiles or [] if each and each not in world.tables["channel_profiles"]]
    if unknown:  # answered inside the transaction without rolling back: the channel stays
        raise Refusal(400, {"error": f"Channel profiles with IDs {unknown} not found"})
    return shown(world, _row(world, number))


@route("PATCH", f"{BASE}{{id}}/")
def patch_channel(world: World, request: Request, id: int) -> Row:
    row = _row(world, id)
    values = _checked(world, request.data, row=row)
    if values and id in world.poison:
        raise Crash
    row.update(values)
    return shown(world, row)


@route("PUT", f"{BASE}{{id}}/")
def put_channel(world: World, request: Request, id: int) -> Row:
    if "name" not in request.data:
        raise field_error("name", REQUIRED)
    return patch_channel(world, request, id)


@route("DELETE", f"{BASE}bulk-delete/", status=204)
def delete_channels(world: World, request: Request) -> None:
    numbers = request.data.get("channel_ids")
    if not isinstance(numbers, list):
        raise Crash
    for number in numbers:
        world.remove("channels", number)


@route("DELETE", f"{BASE}{{id}}/", status=204)
def delete_channel(world: World, request: Request, id: int) -> None:
    _row(world, id)
    world.remove("channels", id)


@route("PATCH", f"{BASE}edit/bulk/")
def edit_bulk(world: World, request: Request) -> Row:
    if not isinstance(request.body, list):
        raise Refusal(400, {"error": "Expected a list of channel updates"})
    lacking = [f"Item {place}: Channel ID is required" for place, change in enumerate(request.body) if "id" not in change]
    if lacking:
        raise Refusal(400, {"errors": lacking})
    changes = {change["id"]: change for change in request.body}  # the same id twice: the last wins
    rows = world.tables["channels"]
    unknown = [{"channel_id": number, "error": "Channel not found"} for number in changes if number not in rows]
    if unknown:
        raise Refusal(400, {"errors": unknown, "updated_count": len(changes) - len(unknown)})
    checked: dict[int, Row] = {}
    for number, change in changes.items():
        try:
            checked[number] = _checked(world, change, row=rows[number])
        except Refusal as refusal:
            raise Refusal(400, {"errors": [{"channel_id": number, "errors": refusal.reply.body}], "updated_count": 0}) from None
    if world.poison & checked.keys():
        raise Crash
    for number, values in checked.items():
        rows[number].update({name: value for name, value in values.items() if name not in world.bulk_ignores})
    found = [shown(world, rows[number]) for number in checked]
    return {"message": f"Successfully updated {len(found)} channels", "channels": found}


@route("POST", f"{BASE}assign/")
def assign(world: World, request: Request) -> Row:
    start = float(request.data.get("starting_number", 1))
    for place, number in enumerate(int_list(request.data.get("channel_ids"), "channel_ids")):
        if number in world.tables["channels"]:
            world.tables["channels"][number]["channel_number"] = start + place
    return {"message": "Channels have been auto-assigned!"}


@route("POST", f"{BASE}from-stream/", status=201)
def from_stream(world: World, request: Request) -> Row:
    number = request.data.get("stream_id")
    if not number:
        raise Refusal(400, {"error": "Missing stream_id"})
    if number not in world.streams:
        raise missing("Stream")
    wanted = request.data.get("channel_number")
    if wanted is not None and not isinstance(wanted, int):
        raise Refusal(400, {"error": "channel_number must be an integer."})
    made = create_from_stream(world, number, wanted, request.data.get("channel_profile_ids"), request.data.get("name"))
    return shown(world, _row(world, made))


@route("POST", f"{BASE}from-stream/bulk/")
def from_streams(world: World, request: Request) -> Reply:
    numbers = request.data.get("stream_ids")
    if not isinstance(numbers, list):
        raise Refusal(400, {"error": "stream_ids must be a list of integers"})
    if not numbers:
        raise Refusal(400, {"error": "stream_ids is required and cannot be empty"})
    start, profiles = request.data.get("starting_channel_number"), request.data.get("channel_profile_ids")

    def create() -> None:
        following = start
        known = Known.of(world)
        for number in numbers:
            if number not in world.streams or number in world.passed_over:
                continue
            wanted = following
            if start == -1:
                wanted = int(max((taken or 0 for taken in known.numbers), default=0)) + 1
            create_from_stream(world, number, wanted or None, profiles, None, known)
            if start and start > 0:
                following += 1

    world.later(world.refresh_seconds / 2, create)
    body = {
        "task_id": str(uuid.UUID(int=world.rng.getrandbits(128), version=4)),
        "message": f"Bulk channel creation task started for {len(numbers)} streams",
        "stream_count": len(numbers),
        "status": "started",
    }
    return Reply(202, body)


@dataclass
class Known:
    """What is there, looked up once for many channels."""

    numbers: set[float | None]
    logos: dict[str, int]
    entries: dict[str, int]
    free: float = 1.0

    @classmethod
    def of(cls, world: World) -> "Known":
        numbers = {row["channel_number"] for row in world.tables["channels"].values()}
        logos = {row["url"]: number for number, row in world.tables["logos"].items()}
        entries: dict[str, int] = {}
        for number, row in world.tables["entries"].items():
            entries.setdefault(row["tvg_id"], number)
        return cls(numbers, logos, entries)


def create_from_stream(
    world: World,
    number: int,
    wanted: float | None,
    profiles: list[int] | None,
    name: str | None,
    known: Known | None = None,
) -> int:
    """Name, group, tvg_id, logo and guide come from the stream; a taken number becomes the next free one."""
    stream = world.streams.get(number)
    assert stream is not None
    known = known or Known.of(world)
    position = float(wanted) if wanted else known.free
    while position in known.numbers:
        position += 1
    known.numbers.add(position)
    if not wanted:
        known.free = position
    logo_id = None
    if stream["logo_url"]:
        logo_id = known.logos.get(stream["logo_url"])
        if logo_id is None:
            logo_id = world.insert("logos", {"id": 0, "name": stream["name"], "url": stream["logo_url"]})["id"]
            known.logos[stream["logo_url"]] = logo_id
    entry = known.entries.get(stream["tvg_id"]) if stream["tvg_id"] else None
    made = world.add_channel(
        name or stream["name"],
        channel_number=position,
        channel_group_id=stream["channel_group"],
        tvg_id=stream["tvg_id"] or None,
        logo_id=logo_id,
        epg_data_id=entry,
        streams=[number],
    )
    jobs.load_programmes(world, entry)
    _join(world, made, profiles)
    return made


@route("POST", f"{BASE}batch-set-epg/")
def batch_set_epg(world: World, request: Request) -> Row:
    links = request.data.get("associations")
    if not links:
        raise Refusal(400, {"error": "associations list is required"})
    rows, entries = world.tables["channels"], world.tables["entries"]
    if any(link["epg_data_id"] is not None and link["epg_data_id"] not in entries for link in links):
        raise Crash
    updated = loaded = 0
    for link in links:
        row = rows.get(link["channel_id"])
        if row is not None and row["epg_data_id"] != link["epg_data_id"]:
            row["epg_data_id"] = link["epg_data_id"]
            updated += 1
            loaded += jobs.load_programmes(world, link["epg_data_id"])
    return {"success": True, "channels_updated": updated, "programs_refreshed": loaded}


@route("POST", f"{BASE}{{id}}/set-epg/")
def set_epg(world: World, request: Request, id: int) -> Row:
    row, entry = _row(world, id), request.data.get("epg_data_id")
    if entry is None:
        row["epg_data_id"] = None
        return {"message": f"EPG data removed from channel {row['name']}"}
    if entry not in world.tables["entries"]:
        raise Refusal(400, {"error": "EPGData matching query does not exist."})
    row["epg_data_id"] = entry
    jobs.load_programmes(world, entry)
    tvg_id = world.tables["entries"][entry]["tvg_id"]
    return {
        "message": f"EPG data set to {tvg_id} for channel {row['name']}. EPG refresh queued",
        "channel": shown(world, row),
        "task_status": "EPG refresh task queued",
    }


@route("POST", f"{BASE}match-epg/", status=202)
def match_epg(world: World, request: Request) -> Row:
    chosen = request.data.get("channel_ids")
    world.later(world.refresh_seconds, lambda: jobs.match_guides(world, chosen or list(world.tables["channels"])))
    if chosen:
        return {"message": f"EPG matching task initiated for {len(chosen)} selected channel(s)."}
    return {"message": "EPG matching task initiated for all channels without EPG."}


def _row(world: World, number: Any) -> Row:
    row = world.tables["channels"].get(number)
    if row is None:
        raise missing("Channel")
    return row


def _join(world: World, channel_id: int, profiles: list[int] | None) -> None:
    """Profiles that the channel is in: none said, or [0], means all."""
    everywhere = profiles is None or profiles == [0]
    for profile, members in world.memberships.items():
        members[channel_id] = everywhere or profile in (profiles or [])


def _checked(world: World, body: Row, *, creating: bool = False, row: Row | None = None) -> Row:
    """What a body sets. Unknown fields are ignored; raises the 400 or the 500 that the server has for each mistake."""
    values: Row = {name: body[name] for name in PLAIN if name in body}
    if creating and "name" not in body:
        raise field_error("name", REQUIRED)
    if "name" in body:
        values["name"] = str(body["name"]).strip()
        if not values["name"]:
            raise field_error("name", "This field may not be blank.")
        if len(values["name"]) > 512:
            raise field_error("name", "Ensure this field has no more than 512 characters.")
    if "channel_number" in body:
        try:
            values["channel_number"] = None if body["channel_number"] is None else float(body["channel_number"])
        except (TypeError, ValueError):
            raise field_error("channel_number", "Channel number must be a valid decimal number.") from None
    for name, table in REFERENCES.items():
        if name not in body:
            continue
        if body[name] is None and name == "channel_group_id":
            raise field_error(name, "This field may not be null.")
        if body[name] is not None and body[name] not in world.tables[table]:
            raise field_error(name, f'Invalid pk "{body[name]}" - object does not exist.')
        values[name] = body[name]
    if "streams" in body:
        for number in body["streams"]:
            if number not in world.streams:
                raise field_error("streams", f'Invalid pk "{number}" - object does not exist.')
        if len(set(body["streams"])) != len(body["streams"]):
            raise Crash
        values["streams"] = list(body["streams"])
    if "override" in body:
        values["override"] = _override(body["override"], row)
    return values


def _override(wanted: Row | None, row: Row | None) -> Row | None:
    if wanted is None:
        return None
    if row is None or not row["auto_created"]:
        words = "Cannot set override on a manual channel; overrides only apply to auto-created channels."
        raise Refusal(400, {"override": words})
    before = row["override"] or dict.fromkeys(OVERRIDABLE)
    merged = {**before, **{name: value for name, value in wanted.items() if name in OVERRIDABLE}}
    if merged["channel_number"] is not None:
        merged["channel_number"] = float(merged["channel_number"])
        if merged["channel_number"] < 0.0001:  # as the schema says
            raise Refusal(400, {"override": {"channel_number": ["Ensure this value is greater than or equal to 0.0001."]}})
    return merged
