"""Signing in to ECM with an account of the server (50 U-17, U-18; §18.6 rows 119 to 121)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from ecm_site.conf import save_settings
from ecm_site.dispatcharr.people import AWAY, FORBIDDEN, WRONG, PersonRefused, who_is
from ecm_site.dispatcharr.sign_in_store import SIGN_INS_MAX
from ecm_site.models import ExternalIdentity, Outcome, SignInAttempt
from tasks_app.models import JournalEntry
from tests.fake_dispatcharr import FakeServer, Kind, World

pytestmark = pytest.mark.django_db

PASSWORD = "bob's own"
TOKEN, ME = "/api/accounts/token/", "/api/accounts/users/me/"


@pytest.fixture
def visitor() -> Client:
    return Client()


@pytest.fixture
def bob(world: World) -> dict[str, Any]:
    row: dict[str, Any] = world.add_user("bob", PASSWORD, 1, api_key="bobs-key")
    row.update(email="bob@example.org", first_name="Bob", last_name="Builder")
    return row


@pytest.fixture
def opened(fake: FakeServer, bob: dict[str, Any]) -> FakeServer:
    """ECM has an administrator and lets people of the server in."""
    User.objects.create_superuser("alice", "alice@example.org", "correct horse")
    save_settings(dispatcharr_url=fake.url, dispatcharr_sign_in=True)
    return fake


def sign_in(visitor: Client, name: str = "bob", password: str = PASSWORD, **extra: str) -> Any:
    return visitor.post("/sign-in/dispatcharr/", {"username": name, "password": password, **extra})


def forget_turns() -> None:
    """As if the minute in which visitors share two sign-ins were over."""
    for path in Path(settings.CONFIG_DIR).glob("dispatcharr-*"):
        path.unlink()


def test_a_new_person_becomes_a_user_without_rights(visitor: Client, opened: FakeServer) -> None:
    answer = sign_in(visitor, next="/journal/")
    assert answer["Location"] == "/journal/"
    user = User.objects.get(username="bob")
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)
    assert (user.email, user.first_name, user.last_name) == ("bob@example.org", "Bob", "Builder")
    assert visitor.session["_auth_user_id"] == str(user.pk)
    entries = list(JournalEntry.objects.order_by("pk").values_list("category", "action_type", "user_name"))
    assert entries == [("user", "create", "bob"), ("auth", "login", "bob")]


def test_the_same_person_is_the_same_user_also_under_a_new_name(
    visitor: Client, opened: FakeServer, bob: dict[str, Any], world: World
) -> None:
    sign_in(visitor)
    visitor.post("/sign-out/")
    bob.update(username="robert", email="robert@example.org")
    world.passwords["robert"] = PASSWORD
    assert sign_in(visitor, "robert").status_code == 302
    user = User.objects.get(external_identities__name="robert")
    assert (user.username, user.email) == ("bob", "robert@example.org")
    assert User.objects.count() == 2


def test_a_taken_name_gets_a_prefix_and_then_a_number(visitor: Client, opened: FakeServer) -> None:
    """Row 121; also for names that differ in letter case only."""
    User.objects.create_user("Bob")
    User.objects.create_user("disp_bob")
    sign_in(visitor)
    assert ExternalIdentity.objects.get().user.username == "disp_bob2"


def test_somebody_elses_address_is_left_out(visitor: Client, opened: FakeServer) -> None:
    User.objects.create_user("eve", "BOB@example.org")
    sign_in(visitor)
    assert User.objects.get(username="bob").email == ""


def test_a_known_person_keeps_the_address_when_the_new_one_is_taken(
    visitor: Client, opened: FakeServer, bob: dict[str, Any]
) -> None:
    sign_in(visitor)
    visitor.post("/sign-out/")
    bob["email"] = "alice@example.org"
    sign_in(visitor)
    assert User.objects.get(username="bob").email == "bob@example.org"


@pytest.mark.parametrize("name", ["<b>x</b>", "öł ł/…", "a" * 150, "\N{SNOWMAN}"])
def test_odd_names_become_names_that_can_be_typed(visitor: Client, opened: FakeServer, world: World, name: str) -> None:
    world.add_user(name, PASSWORD, 1)
    assert sign_in(visitor, name).status_code == 302
    User.objects.exclude(username="alice").get().full_clean(exclude=["password"])


def test_without_auto_create_strangers_stay_out(visitor: Client, opened: FakeServer) -> None:
    """Row 120."""
    save_settings(dispatcharr_create_users=False)
    answer = sign_in(visitor)
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.content.decode()
    assert User.objects.count() == 1
    assert not ExternalIdentity.objects.exists()


@pytest.mark.parametrize(("name", "password"), [("bob", "wrong"), ("nobody", PASSWORD), ("bob", "x" * 300)])
def test_every_wrong_answer_reads_the_same(visitor: Client, opened: FakeServer, name: str, password: str) -> None:
    answer = sign_in(visitor, name, password)
    assert answer.status_code == 401
    assert WRONG in answer.content.decode()
    assert password not in answer.content.decode()


def test_a_disabled_user_reads_like_a_wrong_password(visitor: Client, opened: FakeServer) -> None:
    sign_in(visitor)
    visitor.post("/sign-out/")
    User.objects.filter(username="bob").update(is_active=False)
    answer = sign_in(visitor)
    assert (answer.status_code, WRONG in answer.content.decode()) == (401, True)
    assert "_auth_user_id" not in visitor.session
    assert "disabled" in JournalEntry.objects.get(action_type="login_failed").description


@pytest.mark.parametrize(
    ("path", "fault", "status", "words"),
    [
        (TOKEN, {"kind": Kind.STATUS, "status": 403}, 403, FORBIDDEN),
        (ME, {"kind": Kind.STATUS, "status": 403}, 403, FORBIDDEN),
        (TOKEN, {"kind": Kind.RESET_BEFORE}, 503, AWAY),
        (TOKEN, {"kind": Kind.STATUS, "status": 502}, 503, AWAY),
        (ME, {"kind": Kind.RESET_AFTER}, 503, AWAY),
        (TOKEN, {"kind": Kind.STATUS, "status": 500}, 401, WRONG),
        (TOKEN, {"kind": Kind.HTML}, 401, WRONG),
        (TOKEN, {"kind": Kind.GARBAGE}, 401, WRONG),
        (ME, {"kind": Kind.STATUS, "status": 500}, 401, WRONG),
        (TOKEN, {"kind": Kind.REDIRECT, "target": "http://192.0.2.9/"}, 401, WRONG),
    ],
)
def test_what_goes_wrong_at_the_server(
    visitor: Client, opened: FakeServer, path: str, fault: dict[str, Any], status: int, words: str
) -> None:
    """Row 119."""
    opened.faults.order(path=path, **fault)
    answer = sign_in(visitor)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert User.objects.count() == 1, "nobody is made a user on half an answer"


def test_a_throttled_sign_in_says_when_to_come_again(visitor: Client, opened: FakeServer) -> None:
    """Row 119; and the next one is not even sent."""
    opened.faults.order(Kind.THROTTLE, path=TOKEN, seconds=60.0)
    answer = sign_in(visitor)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    sent = opened.count("POST", TOKEN)
    answer = sign_in(visitor)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 65
    assert opened.count("POST", TOKEN) == sent


def test_visitors_leave_a_sign_in_to_ecm_itself(opened: FakeServer) -> None:
    for _ in range(SIGN_INS_MAX):
        assert who_is(opened.url, "bob", PASSWORD).username == "bob"
    with pytest.raises(PersonRefused) as refusal:
        who_is(opened.url, "bob", PASSWORD)
    assert refusal.value.status == 429
    assert opened.auth.throttled == 0
    assert len(opened.auth.sign_ins) == SIGN_INS_MAX


def test_a_server_that_hangs_is_given_up_on(opened: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecm_site.dispatcharr import people
    from ecm_site.dispatcharr.transport import Patience

    assert Patience(read=30.0, total=30.0) == people.PATIENCE
    monkeypatch.setattr(people, "PATIENCE", Patience(read=0.2, total=0.2))
    opened.faults.order(Kind.SLOW, path=TOKEN, seconds=1.0)
    with pytest.raises(PersonRefused) as refusal:
        who_is(opened.url, "bob", PASSWORD)
    assert refusal.value.status == 503


def test_an_older_server_has_the_profile_elsewhere(opened: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.faults.order(Kind.STATUS, path=ME, status=404)
    person = who_is(opened.url, "bob", PASSWORD)
    assert [call.path for call in opened.calls] == [TOKEN, ME, "/api/accounts/me/"]
    assert (person.external_id, person.username) == ("dispatcharr:bob", "bob"), "without any profile the name is the id"


def test_ecms_own_sign_in_is_neither_used_nor_changed(visitor: Client, opened: FakeServer, tmp_path: Any) -> None:
    save_settings(dispatcharr_user=opened.user, dispatcharr_password=opened.password, dispatcharr_api_key=opened.api_key)
    from ecm_site.dispatcharr.sign_in_store import SignInStore, Tokens

    with SignInStore(f"127.0.0.1:{opened.port}").locked() as known:
        known.keep("ours", Tokens("kept", 9e9))
    sign_in(visitor)
    assert opened.calls[0].headers.get("authorization") is None
    assert not any("x-api-key" in call.headers for call in opened.calls)
    with SignInStore(f"127.0.0.1:{opened.port}").locked() as known:
        assert (known.tokens, known.attempts) == ({"ours": Tokens("kept", 9e9)}, [])
    assert "bobs-key" not in "".join(path.read_text("latin-1") for path in settings.CONFIG_DIR.glob("dispatcharr-*.session"))


def test_attempts_are_limited_as_for_local_passwords(visitor: Client, opened: FakeServer) -> None:
    for _ in range(5):
        sign_in(visitor, password="wrong")
    answer = sign_in(visitor)
    assert answer.status_code == 429
    assert "Too many sign-in attempts" in answer.content.decode()
    assert int(answer["Retry-After"]) > 0
    assert SignInAttempt.objects.filter(name="dispatcharr: bob").count() == 5
    assert JournalEntry.objects.filter(action_type="login_failed").count() == 1


def test_ten_wrong_passwords_make_the_name_wait_here_and_nowhere_else(visitor: Client, opened: FakeServer) -> None:
    for number in range(10):
        with time_machine.travel(datetime(2026, 11, 23, 12, number, tzinfo=UTC), tick=False):
            forget_turns()
            visitor.post("/sign-in/dispatcharr/", {"username": "bob", "password": "wrong"}, REMOTE_ADDR=f"192.0.2.{number}")
    with time_machine.travel(datetime(2026, 11, 23, 12, 10, tzinfo=UTC), tick=False):
        forget_turns()
        asked = opened.count("POST", TOKEN)
        assert sign_in(visitor).status_code == 401
        assert opened.count("POST", TOKEN) == asked
        User.objects.create_user("bob", password=PASSWORD)
        assert visitor.post("/sign-in/", {"username": "bob", "password": PASSWORD}).status_code == 302


def test_a_server_that_is_away_makes_no_name_wait(visitor: Client, opened: FakeServer) -> None:
    opened.faults.order(Kind.RESET_BEFORE, path=TOKEN)
    assert sign_in(visitor).status_code == 503
    assert not SignInAttempt.objects.filter(outcome=Outcome.FAILED).exists()
    assert SignInAttempt.objects.count() == 1, "of the address it counts all the same"


def test_an_id_of_another_server_opens_nothing(visitor: Client, opened: FakeServer) -> None:
    """Ids begin at 1 on every server: after a change of servers they belong to other people."""
    sign_in(visitor)
    visitor.post("/sign-out/")
    ExternalIdentity.objects.update(server="192.0.2.9:9191", name="carol")
    answer = sign_in(visitor)
    assert answer.status_code == 403
    forget_turns()
    ExternalIdentity.objects.update(server="192.0.2.9:9191", name="Bob")  # the same house under a new address
    assert sign_in(visitor).status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_a_foreign_target_leads_to_the_dashboard(visitor: Client, opened: FakeServer, target: str) -> None:
    assert sign_in(visitor, next=target)["Location"] == "/"


@pytest.mark.parametrize("values", [{"dispatcharr_sign_in": False}, {"dispatcharr_url": ""}])
def test_switched_off_there_is_neither_button_nor_address(visitor: Client, opened: FakeServer, values: dict[str, Any]) -> None:
    assert "Sign in with Dispatcharr" in visitor.get("/sign-in/").content.decode()
    save_settings(**values)
    assert "Sign in with Dispatcharr" not in visitor.get("/sign-in/").content.decode()
    assert sign_in(visitor).status_code == 404
    assert opened.calls == []


def test_forms_of_other_sites_are_refused(opened: FakeServer) -> None:
    visitor = Client(enforce_csrf_checks=True)
    assert sign_in(visitor).status_code == 403
    assert opened.calls == []


def test_logs_hold_neither_password_nor_key(visitor: Client, opened: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    sign_in(visitor)
    visitor.post("/sign-out/")
    sign_in(visitor, password="a-wrong-secret")
    assert "Signed in user" in caplog.text
    assert PASSWORD not in caplog.text
    assert "a-wrong-secret" not in caplog.text
    assert "bobs-key" not in caplog.text
