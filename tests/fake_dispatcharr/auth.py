"""Signing in to the fake server: tokens, API keys, levels, and the throttle of three a minute and address."""

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.fake_dispatcharr.replies import REQUIRED, Refusal, Reply, Request, field_error
from tests.fake_dispatcharr.world import World

ACCESS_SECONDS, REFRESH_SECONDS = 30 * 60, 24 * 3600
SIGN_INS_A_MINUTE = 3
STREAMER, STANDARD, ADMINISTRATOR = 0, 1, 10
_CHALLENGE = {"www-authenticate": 'Bearer realm="api"'}


class Auth:
    """``secret`` changes when the server is installed anew, which makes all tokens invalid. ``sign_ins`` are the moments of
    all POSTs that came to sign in, those that were throttled included."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secret = f"secret-{world.seed}"
        self.sign_ins: list[float] = []
        self.throttled = 0
        self._counted: dict[str, list[float]] = {}

    def token(self, kind: str, user_id: int, seconds: float) -> str:
        issued = int(self.world.clock.now() + self.world.clock.skew)
        claims = {
            "token_type": kind,
            "exp": issued + int(seconds),
            "iat": issued,
            "jti": f"{self.world.next_id('token'):032x}",
            "user_id": str(user_id),
        }
        head = _packed({"alg": "HS256", "typ": "JWT"})
        return f"{head}.{_packed(claims)}.{self._signed(f'{head}.{_packed(claims)}')}"

    def sign_in(self, request: Request) -> Reply:
        now = self.world.clock.now()
        self.sign_ins.append(now)
        recent = [moment for moment in self._counted.get(request.client, []) if now - moment < 60]
        if len(recent) >= SIGN_INS_A_MINUTE:
            self.throttled += 1
            wait = int(60 - (now - recent[0])) + 1
            words = f"Request was throttled. Expected available in {wait} seconds."
            return Reply(429, {"detail": words}, {"retry-after": str(wait)})
        self._counted[request.client] = [*recent, now]
        for name in ("username", "password"):
            if not request.data.get(name):
                raise field_error(name, REQUIRED)
        user = self._by_name(request.data["username"])
        if user is None or self.world.passwords.get(user["username"]) != request.data["password"]:
            return Reply(401, {"detail": "No active account found with the given credentials"}, _CHALLENGE)
        user["last_login"] = self.world.clock.written()
        return Reply(
            200,
            {
                "refresh": self.token("refresh", user["id"], REFRESH_SECONDS),
                "access": self.token("access", user["id"], ACCESS_SECONDS),
            },
        )

    def renew(self, request: Request) -> Reply:
        token = request.data.get("refresh")
        if not token:
            raise field_error("refresh", REQUIRED)
        claims, problem = self._claims(token, "refresh")
        if claims is None:
            return Reply(401, {"detail": problem, "code": "token_not_valid"}, _CHALLENGE)
        return Reply(200, {"access": self.token("access", int(claims["user_id"]), ACCESS_SECONDS)})

    def user(self, request: Request) -> dict[str, Any]:
        """Who asks. A Bearer token is looked at first, even beside a good key."""
        header = request.headers.get("authorization", "")
        if header.startswith("Bearer "):
            claims, problem = self._claims(header.removeprefix("Bearer "), "access")
            if claims is None:
                raise stale_token(problem)
            user = self.world.tables["users"].get(int(claims["user_id"]))
            if user is None:
                raise unauthorized({"detail": "User not found", "code": "user_not_found"})
            return user
        key = request.headers.get("x-api-key") or (header.removeprefix("ApiKey ") if header.startswith("ApiKey ") else "")
        if not key:
            raise unauthorized({"detail": "Authentication credentials were not provided."})
        found = next((user for user in self.world.tables["users"].values() if user["api_key"] == key), None)
        if found is None:
            raise unauthorized({"detail": "Invalid API key"})
        return found

    def _by_name(self, name: str) -> dict[str, Any] | None:
        return next((user for user in self.world.tables["users"].values() if user["username"] == name), None)

    def _claims(self, token: str, kind: str) -> tuple[dict[str, Any] | None, str]:
        head, _, signature = token.rpartition(".")
        if not head or not hmac.compare_digest(self._signed(head), signature):
            return None, "Token is invalid"
        part = head.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        if claims["exp"] <= self.world.clock.now() + self.world.clock.skew:
            return None, "Token is expired"
        if claims["token_type"] != kind:
            return None, "Token has wrong type"
        return claims, ""

    def _signed(self, text: str) -> str:
        digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def stale_token(problem: str) -> Refusal:
    return unauthorized(
        {
            "detail": "Given token not valid for any token type",
            "code": "token_not_valid",
            "messages": [{"token_class": "AccessToken", "token_type": "access", "message": problem}],
        }
    )


def unauthorized(body: dict[str, Any]) -> Refusal:
    refusal = Refusal(401, body)
    refusal.reply.headers.update(_CHALLENGE)
    return refusal


def need(request: Request, level: int) -> None:
    if request.user["user_level"] < level:
        raise Refusal(403, {"detail": "You do not have permission to perform this action."})


def _packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
