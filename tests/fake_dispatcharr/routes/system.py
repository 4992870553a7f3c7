"""Users, version, settings, events, and what is being watched."""

from typing import Any

from tests.fake_dispatcharr.replies import REQUIRED, Refusal, Reply, Request, field_error, missing
from tests.fake_dispatcharr.routing import route
from tests.fake_dispatcharr.world import World

Row = dict[str, Any]
ADMINISTRATOR = 10


@route("GET", "/api/core/version/", level=None)
def version(world: World, request: Request) -> Row:
    return {"version": world.version, "timestamp": None}


@route("POST", "/api/accounts/token/", level=None)
@route("POST", "/api/accounts/auth/login/", level=None)
@route("POST", "/api/accounts/token/refresh/", level=None)
def token(world: World, request: Request) -> Reply:
    raise AssertionError("the server answers these itself")


@route("POST", "/api/accounts/auth/logout/", level=0)
def sign_out(world: World, request: Request) -> Row:
    return {"message": "Logout successful"}  # and the token goes on working


@route("GET", "/api/accounts/users/me/", level=0)
def me(world: World, request: Request) -> Row:
    return dict(request.user)


@route("GET", "/api/accounts/users/", level=ADMINISTRATOR)
def users(world: World, request: Request) -> list[Row]:
    return list(world.tables["users"].values())


@route("GET", "/api/accounts/api-keys/", level=0)
def own_key(world: World, request: Request) -> Row:
    return {"key": request.user["api_key"]}


@route("POST", "/api/accounts/api-keys/generate/", level=0, status=201)
def new_key(world: World, request: Request) -> Row:
    request.user["api_key"] = f"fake-key-{world.rng.getrandbits(64):016x}"
    return {"key": request.user["api_key"], "user": dict(request.user)}


@route("GET", "/api/core/settings/")
def settings(world: World, request: Request) -> list[Row]:
    return list(world.tables["settings"].values())


@route("PATCH", "/api/core/settings/{id}/")
def patch_settings(world: World, request: Request, id: int) -> Row:
    row = world.tables["settings"].get(id)
    if row is None:
        raise missing("CoreSettings")
    row["value"] = request.data.get("value", row["value"])  # whole, and of any type
    return row


@route("GET", "/api/core/useragents/")
def user_agents(world: World, request: Request) -> list[Row]:
    return list(world.tables["user_agents"].values())


@route("POST", "/api/core/useragents/", status=201)
def create_user_agent(world: World, request: Request) -> Row:
    body, others = request.data, world.tables["user_agents"].values()
    for key in ("name", "user_agent"):
        if not body.get(key):
            raise field_error(key, REQUIRED)
    words = {"name": "user agent with this name", "user_agent": "user agent with this user agent"}
    taken = {key: [f"{words[key]} already exists."] for key in words if any(row[key] == body[key] for row in others)}
    if taken:
        raise Refusal(400, taken)
    return world.add_user_agent(body["name"], body["user_agent"], body.get("description", ""))


@route("GET", "/api/core/system-events/", level=ADMINISTRATOR)
def events(world: World, request: Request) -> Any:
    limit = request.param("limit", "100")
    if not limit.isdigit():
        return Reply(500, {"error": "Failed to fetch system events"})
    kind = request.param("event_type")
    found = [row for row in world.events if not kind or row["event_type"] == kind]
    chosen = found[: int(limit)]
    return {"events": chosen, "count": len(chosen), "total": len(found), "offset": 0, "limit": int(limit)}


@route("GET", "/proxy/ts/status", level=ADMINISTRATOR)
def proxy_status(world: World, request: Request) -> Row:
    return {"channels": world.watched, "count": len(world.watched)}


@route("GET", "/proxy/ts/status/{uuid}", level=ADMINISTRATOR)
def proxy_channel(world: World, request: Request, uuid: str) -> Any:
    row = next((row for row in world.watched if row["channel_id"] == uuid), None)
    return row or Reply(404, {"error": f"Channel {uuid} not found"})
