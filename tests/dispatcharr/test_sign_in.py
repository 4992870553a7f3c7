"""Signing in: one shared sign-in, never a fourth in a minute, nothing secret in sight."""

import logging
import threading
from pathlib import Path

import pytest
from django.conf import settings

from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr.client import Dispatcharr, NotConfigured, get_client, reset_client
from ecm_site.dispatcharr.credentials import API_KEY, Credentials
from ecm_site.dispatcharr.errors import Busy, DispatcharrError, SignInRefused, Unreachable
from ecm_site.dispatcharr.people import PersonRefused, who_is
from ecm_site.dispatcharr.sign_in_store import SIGN_INS_MAX, WINDOW_SECONDS
from tests.dispatcharr.conftest import Connect
from tests.fake_dispatcharr import FakeServer, Kind
from tests.fake_dispatcharr.replies import Reply, Request


def test_many_requests_and_threads_need_one_sign_in(fake: FakeServer, connect: Connect) -> None:
    clients = [connect() for _ in range(4)]
    threads = [threading.Thread(target=client.groups.all) for client in clients for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.auth.sign_ins) == 1
    assert fake.count("GET", "/groups/") == 12


def test_a_token_is_renewed_before_it_runs_out_without_signing_in(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.world.clock.advance(29.5 * 60)
    client.groups.all()
    assert fake.count("POST", "/token/refresh/") == 1
    assert len(fake.auth.sign_ins) == 1
    assert not any(call.path.endswith("/groups/") for call in fake.calls[:1])


def test_when_the_refresh_token_has_run_out_we_sign_in_again(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.world.clock.advance(25 * 3600)
    client.groups.all()
    assert len(fake.auth.sign_ins) == 2


def test_a_server_with_new_keys_gets_a_new_sign_in_in_the_middle_of_a_batch(fake: FakeServer, client: Dispatcharr) -> None:
    streams = client.streams.every(batch=10)
    read = len(next(streams))
    fake.reinstall()
    read += sum(len(batch) for batch in streams)
    assert read == 40
    assert len(fake.auth.sign_ins) == 2


@pytest.mark.parametrize("skew", [-86_400.0, 86_400.0], ids=["a day slow", "a day fast"])
def test_a_server_clock_that_is_wrong_does_not_matter(fake: FakeServer, client: Dispatcharr, skew: float) -> None:
    fake.world.clock.skew = skew
    for _ in range(3):
        client.groups.all()
    assert len(fake.auth.sign_ins) == 1
    assert fake.count("POST", "/token/refresh/") == 0


def test_401_for_one_write_is_answered_by_renewing_and_writing_once(fake: FakeServer, client: Dispatcharr) -> None:
    client.groups.all()
    fake.faults.order(Kind.TOKEN_EXPIRED, method="POST", path="/channels/channels/")
    client.channels.create({"name": "Made once"})
    assert [row["name"] for row in client.channels.all()].count("Made once") == 1
    assert len(fake.auth.sign_ins) == 1


def test_a_token_that_is_never_taken_ends_in_a_sentence_and_not_in_a_loop(fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.TOKEN_EXPIRED, path="/groups/", times=50)
    with pytest.raises(SignInRefused):
        client.groups.all()
    assert fake.count("GET", "/groups/") == 2


def test_wrong_passwords_are_tried_once_and_then_left_alone(fake: FakeServer, connect: Connect) -> None:
    wrong = Credentials(user=fake.user, password="wrong")
    for _ in range(5):
        with pytest.raises(SignInRefused):
            connect(wrong).groups.all()
    assert len(fake.auth.sign_ins) == 1
    connect().groups.all()  # the right one is not held up
    assert len(fake.auth.sign_ins) == 2


def test_never_more_than_three_sign_ins_a_minute_whatever_goes_wrong(fake: FakeServer, connect: Connect) -> None:
    for number in range(40):
        fake.reinstall()
        fake.faults.order(Kind.TOKEN_EXPIRED, path="/groups/")
        try:
            connect(insist=number % 2 == 0).groups.all()
        except (Busy, SignInRefused):
            fake.world.clock.advance(4.0)
        for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*.part"):
            pytest.fail(f"{path} was left behind")
    moments = sorted(fake.auth.sign_ins)
    assert len(moments) > 3
    assert all(later - earlier > 60 for earlier, later in zip(moments, moments[SIGN_INS_MAX:], strict=False))
    assert fake.auth.throttled == 0


def test_a_used_up_allowance_says_how_long_and_ends(fake: FakeServer, connect: Connect) -> None:
    for password in ("a", "b"):
        with pytest.raises(SignInRefused):
            connect(Credentials(user=fake.user, password=password)).groups.all()
    with pytest.raises(Busy, match=r"signs in again in 6[0-9] s") as caught:
        connect().groups.all()
    assert 0 < caught.value.retry_after <= WINDOW_SECONDS
    fake.world.clock.advance(WINDOW_SECONDS)
    connect().groups.all()


def test_when_others_have_used_the_sign_ins_up_we_wait_as_the_server_asks(fake: FakeServer, connect: Connect) -> None:
    fake.faults.order(Kind.THROTTLE, path="/token/", seconds=60)
    with pytest.raises(Busy) as caught:
        connect().groups.all()
    assert caught.value.retry_after == 60
    with pytest.raises(Busy):
        connect().groups.all()
    assert fake.count("POST", "/accounts/token/") == 1


def test_a_key_needs_no_sign_in_and_goes_alone(fake: FakeServer, with_key: Dispatcharr) -> None:
    assert with_key.server.me()["username"] == "admin"
    assert fake.auth.sign_ins == []
    assert "authorization" not in fake.calls[-1].headers


def test_a_revoked_key_is_said_and_not_tried_again(fake: FakeServer, connect: Connect) -> None:
    with pytest.raises(SignInRefused, match="Invalid API key"):
        connect(Credentials(auth=API_KEY, api_key="old")).groups.all()
    assert len(fake.calls) == 1


def test_a_server_that_was_down_is_signed_in_to_as_soon_as_it_is_back(fake: FakeServer, connect: Connect) -> None:
    fake.stop()
    for _ in range(4):
        with pytest.raises(Unreachable):
            connect().groups.all()
    fake.start()
    assert connect().groups.all()


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (Credentials(), "No user"),
        (Credentials(user="admin"), "No password"),
        (Credentials(auth=API_KEY, user="admin", password="x"), "No API key"),
    ],
)
def test_what_is_missing_is_said_without_asking_the_server(
    fake: FakeServer, connect: Connect, credentials: Credentials, words: str
) -> None:
    with pytest.raises(SignInRefused, match=words):
        connect(credentials).groups.all()
    assert fake.calls == []


def test_nothing_secret_is_logged_or_stored_in_clear(
    fake: FakeServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = connect()
    client.groups.all()
    bearer = fake.calls[-1].headers["authorization"].removeprefix("Bearer ")
    fake.reinstall()
    client.groups.all()
    fake.faults.order(Kind.RESET_BEFORE, path="/groups/")
    client.groups.all()
    fake.world.clock.advance(WINDOW_SECONDS)
    with pytest.raises(SignInRefused) as refused:
        connect(Credentials(user=fake.user, password="a-wrong-secret")).groups.all()
    connect(Credentials(auth=API_KEY, api_key=fake.api_key)).groups.all()
    files = "".join(path.read_text() for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*"))
    seen = caplog.text + files + str(refused.value) + repr(client) + repr(Credentials(password="a-wrong-secret"))
    for secret in (fake.password, fake.api_key, "a-wrong-secret", bearer):
        assert secret not in seen
    assert "[DISPATCHARR] Signed in to 127.0.0.1" in caplog.text
    session_files = list(Path(settings.CONFIG_DIR).glob("dispatcharr-*.session"))
    assert [path.stat().st_mode & 0o777 for path in session_files] == [0o600]


def test_get_client_is_the_same_until_the_settings_change(fake: FakeServer) -> None:
    with pytest.raises(NotConfigured):
        get_client()
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    client = get_client()
    assert get_client() is client
    assert client.server.me()["user_level"] == 10
    save_settings(dispatcharr_auth=API_KEY, dispatcharr_api_key=fake.api_key)
    assert get_client() is not client
    reset_client()
    assert get_client().server.me()["user_level"] == 10


def test_the_password_of_the_server_is_encrypted_in_the_settings_file() -> None:
    save_settings(dispatcharr_password="plain-secret", dispatcharr_api_key="plain-key")
    text = (Path(settings.CONFIG_DIR) / "settings.json").read_text()
    assert "plain-secret" not in text
    assert "plain-key" not in text
    assert get_settings().dispatcharr_password == "plain-secret"
    with pytest.raises(ValueError, match="dispatcharr_url"):
        save_settings(dispatcharr_url="no address")


@pytest.mark.parametrize("status", [400, 401, 403, 409, 429, 500, 999])
def test_a_server_that_repeats_what_it_was_sent_makes_no_secret_known(
    fake: FakeServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    secrets = ["pass“word\\-1", "prov-pass-2"]

    def repeat(request: Request, _fault: object) -> Reply:
        sent = request.body if isinstance(request.body, dict) else {}
        words = f"No: {sent.get('password')} {request.headers.get('authorization')}"
        return Reply(status, {"detail": words, "password": [words]})

    signed_in = connect()
    signed_in.server.me()
    monkeypatch.setattr(fake, "handle", repeat)
    with pytest.raises(DispatcharrError) as error:
        signed_in.session.post("/api/m3u/accounts/", {"password": secrets[1]}, what="create an account")
    with pytest.raises(PersonRefused) as refused:
        who_is(fake.url, "anna", secrets[0])
    for words in (str(error.value), refused.value.why, str(refused.value)):
        assert not any(secret in words for secret in secrets)
        assert "Bearer ey" not in words
