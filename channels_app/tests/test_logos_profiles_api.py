"""Logos, channel profiles and stream profiles over HTTP (10 §21.2)."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_app.models import Channel, Logo, StreamProfile
from channels_app.tests.lineup_fixtures import make_channel
from channels_app.tests.logo_fixtures import own_folder, png

__all__ = ["own_folder"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_folder")]
A = "https://logos.example/a.png"


class Program:
    def __init__(self) -> None:
        self.client = Client()
        self.client.force_login(User.objects.create_user("alice"))

    def send(self, method: str, path: str, **values: Any) -> tuple[int, Any]:
        answer = self.client.generic(method, f"/api{path}", json.dumps(values), "application/json")
        return answer.status_code, answer.json()

    def get(self, path: str) -> tuple[int, Any]:
        answer = self.client.get(f"/api{path}")
        return answer.status_code, answer.json()


@pytest.fixture
def program() -> Program:
    return Program()


def test_logos_are_listed_made_changed_and_deleted(program: Program) -> None:
    status, made = program.send("POST", "/channels/logos", name="One", url=A)
    assert (status, made["url"], made["is_used"]) == (201, A, False)
    status, again = program.send("POST", "/channels/logos", name="Other", url=A)  # 25.7 #109
    assert (status, again["id"], again["name"]) == (200, made["id"], "One")
    make_channel("X", logo_url=A)
    status, found = program.get("/channels/logos?search=one&page_size=10")
    assert (status, found["count"], found["results"][0]["channel_count"]) == (200, 1, 1)
    assert program.get("/channels/logos?used=false")[1]["count"] == 0
    path = f"/channels/logos/{made['id']}"
    assert program.send("PATCH", path, name="Two")[1]["name"] == "Two"
    status, refused = program.send("PATCH", path, logo="x")
    assert (status, list(refused["errors"])) == (422, ["logo"])
    status, gone = program.send("DELETE", path)
    assert (status, gone["status"], gone["channels"]) == (200, "deleted", 1)
    assert not Logo.objects.exists()
    assert Channel.objects.get().logo_url == ""
    assert program.get(path)[0] == 404


def test_uploads_are_looked_into(program: Program) -> None:
    def send(data: bytes) -> Any:
        return program.client.post("/api/channels/logos/upload", {"file": SimpleUploadedFile("Sky.png", data), "name": ""})

    made = send(png())
    assert (made.status_code, made.json()["name"]) == (201, "Sky")
    assert send(png()).status_code == 200
    refused = send(b"<html>")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["file"])
    assert program.client.post("/api/channels/logos/upload").status_code == 422


@pytest.mark.parametrize("query", ["page=0", "page_size=5000", "sort=x", "used=perhaps", "page=x"])
def test_wrong_parameters_are_named(program: Program, query: str) -> None:
    assert program.get(f"/channels/logos?{query}")[0] == 422


def test_channel_profiles_and_their_channels(program: Program) -> None:
    a, b = make_channel("A"), make_channel("B")
    status, made = program.send("POST", "/channel-profiles", name="Kids")
    assert (status, made["channels"]) == (201, [])
    assert program.send("POST", "/channel-profiles", name="kids")[0] == 422
    path = f"/channel-profiles/{made['id']}"
    wanted = [
        {"channel_id": a.pk, "enabled": True},
        {"channel_id": b.pk, "enabled": True},
        {"channel_id": 999, "enabled": True},
    ]
    status, done = program.send("PATCH", f"{path}/channels/bulk-update", channels=wanted)
    assert (status, done["enabled"], done["not_found"]) == (200, 2, [999])
    assert program.send("PATCH", f"{path}/channels/{a.pk}", enabled=False)[1]["disabled"] == 1
    assert program.get(path)[1]["channels"] == [b.pk]
    assert program.get("/channel-profiles")[1] == [{"id": made["id"], "name": "Kids", "channel_count": 1, "is_default": False}]
    status, refused = program.send("PATCH", f"{path}/channels/bulk-update", channels=[{"channel_id": a.pk, "enabled": 1}])
    assert (status, list(refused["errors"])) == (422, ["channels.0.enabled"])
    assert program.send("PATCH", f"{path}/channels/99999", enabled=True)[0] == 404
    assert program.send("PATCH", path, name="Children")[1]["name"] == "Children"
    assert program.send("PATCH", path, title="x")[0] == 422
    assert program.send("DELETE", path)[0] == 200
    assert program.send("DELETE", path)[0] == 404


def test_stream_profiles(program: Program) -> None:
    status, made = program.send("POST", "/stream-profiles", name="Proxy", command="ffmpeg")
    assert (status, made["is_active"], made["locked"]) == (201, True, False)
    assert program.send("POST", "/stream-profiles", name="P", locked=True)[0] == 422
    path = f"/stream-profiles/{made['id']}"
    assert program.send("PATCH", path, is_active=False)[1]["is_active"] is False
    assert program.send("PATCH", path, is_active="no")[0] == 422
    assert len(program.get("/stream-profiles")[1]) == 1
    StreamProfile.objects.update(locked=True)
    assert program.send("PATCH", path, name="X")[0] == 409
    assert program.send("DELETE", path)[0] == 409
    StreamProfile.objects.update(locked=False)
    assert program.send("DELETE", path)[0] == 200


def test_methods_that_do_not_exist_and_strangers(program: Program) -> None:
    assert program.send("PUT", "/channels/logos")[0] == 405
    assert Client().get("/api/channel-profiles").status_code == 401
