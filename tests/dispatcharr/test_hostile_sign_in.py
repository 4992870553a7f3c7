"""Tokens of strangers: odd ones are refused in words, short-lived ones cost few sign-ins, and none is ever shown."""

import base64
import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ecm_site.dispatcharr import sign_in
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.credentials import API_KEY, Credentials
from ecm_site.dispatcharr.errors import Busy, DispatcharrError, SignInRefused
from ecm_site.dispatcharr.patience import Backoff
from ecm_site.dispatcharr.people import PersonRefused, who_is
from ecm_site.dispatcharr.transport import Patience
from tests.dispatcharr.hostile_house import http, raw_server

WHO = Credentials(user="admin", password="sesame-planted")


def token(claims: bytes | dict[str, Any]) -> str:
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return "x." + base64.urlsafe_b64encode(text).decode().rstrip("=") + ".y"


def answering(access: object, *, groups: bytes = http(b"[]"), refresh: object = "") -> Any:
    def answer(request: bytes) -> list[bytes]:
        if b"/token/" in request.split(b"\r\n", 1)[0]:
            return [http(json.dumps({"access": access, "refresh": refresh or access}).encode())]
        return [groups]

    return answer


@pytest.mark.parametrize(
    "claims",
    [
        b'{"exp": 1e999, "iat": 1}', b'{"exp": ' + b"9" * 400 + b', "iat": 1}', b'{"exp": NaN, "iat": 0}', b"[1]", b"null",
        b"[" * 100_000, b'{"exp": [1], "iat": {}}', b'{"exp": -5, "iat": 9}', b'{"exp": "soon", "iat": "now"}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_token_may_say_anything_about_its_life(claims: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "TOKEN_LETTERS", 1_000_000)
    with raw_server(answering(token(claims))) as server:
        client = Dispatcharr(server.url, WHO)
        assert client.groups.all() == []
        client.close()


@pytest.mark.parametrize("access", ["", None, 7, [], {}, "a b", "a\r\nX-Evil: 1", "tök.en", "x" * 100_000, "\x7f"])
def test_what_cannot_be_a_token_is_refused_in_words(access: object) -> None:
    with raw_server(answering(access)) as server:
        client = Dispatcharr(server.url, WHO, backoff=Backoff(attempts=1))
        with pytest.raises(DispatcharrError, match="no token") as caught:
            client.groups.all()
        client.close()
        assert len(str(caught.value)) < 300
        assert not any(b"X-Evil" in request for request in server.requests)


@pytest.mark.parametrize("key", ["with blank", "a\r\nX-Evil: 1", "schlüssel", "\x00"])
def test_a_key_that_cannot_be_sent_is_told(key: str) -> None:
    with raw_server(http(b"[]")) as server:
        client = Dispatcharr(server.url, Credentials(auth=API_KEY, api_key=key))
        with pytest.raises(SignInRefused, match="Enter it again"):
            client.groups.all()
        client.close()
        assert server.requests == []


def test_tokens_that_expire_at_once_and_401_for_ever_end_in_a_wait(caplog: pytest.LogCaptureFixture) -> None:
    """A server that calls every token stale is signed in to twice a minute at most, whatever is asked of it."""
    stale = http(b'{"detail": "stale", "code": "token_not_valid"}', status="401 Unauthorized")
    with raw_server(answering(token({"iat": 100, "exp": 101}), groups=stale)) as server:
        client = Dispatcharr(server.url, WHO, sleep=lambda _seconds: None)
        for _ in range(20):
            with pytest.raises((SignInRefused, Busy)):
                client.groups.all()
        client.close()
        asked = [request.split(b" ")[1] for request in server.requests]
        assert asked.count(b"/api/accounts/token/") <= 2
    assert "sesame-planted" not in caplog.text


def test_a_dripping_sign_in_does_not_hold_others_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait for one sign-in, not for each to try in turn."""
    monkeypatch.setattr(sign_in, "PATIENCE", Patience(read=0.5, total=0.6))

    def answer(_request: bytes) -> Any:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
        while True:
            yield b" "
            time.sleep(0.05)

    with raw_server(answer) as server:
        clients = [Dispatcharr(server.url, WHO, backoff=Backoff(attempts=1)) for _ in range(20)]
        errors: list[str] = []

        def ask(client: Dispatcharr) -> None:
            try:
                client.groups.all()
            except DispatcharrError as error:
                errors.append(str(error))

        threads = [threading.Thread(target=ask, args=[client]) for client in clients]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < 10  # in turn it would be twelve
        assert len(errors) == 20
        assert len(server.requests) <= 2
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    "status", ["400 Bad", "401 No", "403 No", "404 No", "418 No", "429 Wait", "500 Oops", "502 Oops", "302 Go"]
)
def test_a_server_that_repeats_the_password_does_not_get_it_shown(status: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = json.dumps({"detail": "sesame-planted is wrong", "password": ["sesame-planted"], "sesame-planted": "x"}).encode()
    with raw_server(http(said, status=status, headers="Location: http://x/?p=sesame-planted\r\n")) as server:
        client = Dispatcharr(server.url, WHO, backoff=Backoff(attempts=1))
        with pytest.raises(DispatcharrError) as caught:
            client.groups.all()
        assert "sesame" not in str(caught.value)
        with pytest.raises(PersonRefused) as refused:
            who_is(server.url, "admin", "sesame-planted")
        assert "sesame" not in f"{refused.value} {refused.value.why}"
        client.close()
    assert "sesame" not in caplog.text
    for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*"):
        assert b"sesame" not in path.read_bytes()


@pytest.mark.parametrize(
    "profile",
    [
        {"id": 2**70, "username": "x"}, {"id": [1], "username": {}}, {"id": -1, "username": "\u202eevil\x00" * 500},
        {"id": True, "email": "x" * 5_000, "first_name": "<script>", "last_name": 5}, [], "text", None,
    ],
)  # fmt: skip
def test_a_profile_may_say_anything(profile: object) -> None:
    def answer(request: bytes) -> list[bytes]:
        if b"/token/" in request.split(b"\r\n", 1)[0]:
            return [http(json.dumps({"access": "abc.def", "refresh": "x"}).encode())]
        return [http(json.dumps(profile).encode())]

    with raw_server(answer) as server:
        try:
            person = who_is(server.url, "typed", "pw")
        except PersonRefused:
            return
        assert person.external_id
        assert person.username
        assert len(person.username) <= 150
        assert len(person.external_id) <= 200
        assert person.username.isprintable()


def test_a_person_whose_token_cannot_be_sent_is_refused() -> None:
    with raw_server(answering("a\r\nX-Evil: 1")) as server:
        with pytest.raises(PersonRefused):
            who_is(server.url, "typed", "pw")
        assert not any(b"X-Evil" in request for request in server.requests)
