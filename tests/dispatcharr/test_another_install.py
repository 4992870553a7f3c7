"""A server that was set up anew at the same address has the same ids for other things: nothing is touched before somebody says
what it is. A restored backup, new users and old ones that went are no reason to ask."""

import copy

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from ecm_site.conf import get_settings, save_settings
from ecm_site.dispatcharr.client import get_client, reset_client
from ecm_site.dispatcharr.credentials import API_KEY
from tasks_app.engine import run_here
from tasks_app.mirror.state import SYNC_TASK, mirror_state
from tasks_app.mirror.triggers import DELIVER_TASK
from tasks_app.mirror.which_server import LooksLikeAnother, known_client, mirrored_client
from tasks_app.mirror.which_server_answer import NoDoubt, accept_as_same, doubt_of
from tasks_app.mirror.which_server_marks import Verdict, compare, marks_of
from tasks_app.models import JournalEntry, MirrorState, Notification, OutboxEntry, RunRequest, TaskRun
from tasks_app.progress import NoProgress
from tasks_app.switching.preview import Way
from tasks_app.switching.switch import SwitchRefused, switch
from tests.fake_dispatcharr import FakeServer, Guide, Kind, Playlist, World, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mirrored(fake: FakeServer) -> FakeServer:
    """A house that has just adopted the fake server's lineup."""
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    switch(Way.ADOPT, "", progress=NoProgress())
    return fake


def new_install() -> World:
    """As many rows as the first one had, under the same ids, all of them other things."""
    world = World(seed=99)
    playlist = Playlist.generated(40, groups=5)
    world.add_account("Newcomer", playlist)
    world.add_source("New guide", Guide.generated(10, playlist=playlist))
    for number, name in enumerate(("Uno", "Due", "Tre"), start=1):
        world.add_channel(name, channel_number=float(number), streams=[number])
    return world


def sync() -> TaskRun:
    return run_here(SYNC_TASK)


def names() -> set[str]:
    return set(Channel.objects.values_list("name", flat=True))


def there(fake: FakeServer) -> set[str]:
    return {str(row["name"]) for row in fake.world.tables["channels"].values()}


@pytest.mark.parametrize("task", [SYNC_TASK, DELIVER_TASK])
def test_nothing_is_touched_on_either_side_of_a_server_set_up_anew(mirrored: FakeServer, task: str) -> None:
    Channel.objects.filter(name="Two").update(name="Zwei")
    mirrored.install_anew(new_install())
    before = len(mirrored.calls)
    run = run_here(task)
    assert not run.success
    assert "looks like another one" in run.message
    assert names() == {"One", "Zwei", "Three"}
    assert there(mirrored) == {"Uno", "Due", "Tre"}
    assert OutboxEntry.objects.count() == 1
    written = [call.path for call in mirrored.calls[before:] if call.method != "GET"]
    assert all(path.startswith("/api/accounts/token/") for path in written)


def test_it_is_told_once_with_what_gave_it_away(mirrored: FakeServer) -> None:
    mirrored.install_anew(new_install())
    for _ in range(3):
        sync()
    doubt = doubt_of(mirror_state())
    assert doubt is not None
    assert "none was made at the same moment" in doubt.words
    assert JournalEntry.objects.filter(action_type="dispatcharr_looks_other").count() == 1
    told = Notification.objects.get(source_id="install")
    assert (told.kind, told.action_url, told.count) == ("error", "/server/", 1)
    assert "key" not in str(mirror_state().marks)
    assert mirrored.password not in str(mirror_state().doubt)


def test_looking_in_passing_is_held_as_well(mirrored: FakeServer) -> None:
    mirrored.install_anew(new_install())
    known_client()  # nobody knows yet, and it may not ask
    with pytest.raises(LooksLikeAnother):
        mirrored_client()
    calls = len(mirrored.calls)
    with pytest.raises(LooksLikeAnother):
        known_client()
    assert len(mirrored.calls) == calls


def test_saying_that_it_is_the_same_goes_on_and_is_journalled(mirrored: FakeServer) -> None:
    mirrored.install_anew(new_install())
    sync()
    doubt = doubt_of(mirror_state())
    assert doubt is not None
    with pytest.raises(NoDoubt, match="yet another"):
        accept_as_same("an older question")
    accept_as_same(doubt.token)
    assert RunRequest.objects.filter(task_id=SYNC_TASK).exists()
    assert JournalEntry.objects.filter(action_type="dispatcharr_accepted").count() == 1
    assert sync().success
    assert names() == {"Uno", "Due", "Tre"}
    with pytest.raises(NoDoubt, match="settled"):
        accept_as_same(doubt.token)


def test_the_right_server_coming_back_ends_the_question_by_itself(mirrored: FakeServer) -> None:
    save_settings(dispatcharr_auth=API_KEY, dispatcharr_api_key=mirrored.api_key)
    first = mirrored.world
    mirrored.install_anew(new_install())
    sync()
    mirrored.install_anew(first)
    assert sync().success
    assert doubt_of(mirror_state()) is None
    assert mirror_state().trouble == ""
    assert JournalEntry.objects.filter(action_type="dispatcharr_known_again").exists()


def test_a_restored_backup_is_the_same_server(mirrored: FakeServer) -> None:
    world = mirrored.world
    backup = copy.deepcopy(world.tables)
    world.add_user("later", "pass", 10)
    world.add_channel("Later")
    assert sync().success
    world.tables = backup
    mirrored.reinstall()  # on a new machine, with new keys
    assert sync().success
    assert doubt_of(mirror_state()) is None
    assert names() == {"One", "Two", "Three"}


def test_a_copy_of_the_database_that_cuts_microseconds_off_is_the_same_server(mirrored: FakeServer) -> None:
    """As Django's own dumpdata does."""
    for table, column in (("users", "date_joined"), ("user_agents", "created_at"), ("accounts", "created_at")):
        for row in mirrored.world.tables[table].values():
            row[column] = f"{row[column][:23]}+00:00"
    assert sync().success
    assert doubt_of(mirror_state()) is None


def test_a_server_whose_administrator_was_made_anew_is_the_same(mirrored: FakeServer) -> None:
    world = mirrored.world
    del world.tables["users"][1]
    world.add_user("admin", mirrored.password, 10)
    world.tables["users"][2]["id"] = 1  # even under the same id
    world.tables["users"][1] = world.tables["users"].pop(2)
    mirrored.reinstall()
    assert sync().success
    assert doubt_of(mirror_state()) is None


def test_another_account_of_the_same_server_is_no_reason_to_ask(mirrored: FakeServer) -> None:
    mirrored.world.add_user("second", "second-pass", 10, api_key="second-key")
    save_settings(dispatcharr_auth=API_KEY, dispatcharr_api_key="second-key")
    assert sync().success
    assert doubt_of(mirror_state()) is None
    assert "user 2" in mirror_state().marks  # from now on one small request knows it again


def test_a_house_that_knows_no_marks_yet_takes_those_it_finds(mirrored: FakeServer) -> None:
    MirrorState.objects.update(marks={})
    assert sync().success
    assert "user 1" in mirror_state().marks


def test_a_server_that_shows_no_moments_any_more_goes_on_working(mirrored: FakeServer) -> None:
    known = mirror_state().marks
    for table, column in (
        ("users", "date_joined"),
        ("user_agents", "created_at"),
        ("accounts", "created_at"),
        ("sources", "created_at"),
    ):
        for row in mirrored.world.tables[table].values():
            row[column] = None
    assert sync().success
    assert mirror_state().marks == known


def test_usually_one_small_request_is_enough(mirrored: FakeServer) -> None:
    calls = len(mirrored.calls)
    mirrored_client()
    assert [call.path for call in mirrored.calls[calls:]] == ["/api/accounts/users/me/"]


def test_a_fault_in_one_list_does_not_keep_the_others_from_telling(mirrored: FakeServer) -> None:
    MirrorState.objects.update(marks={})
    mirrored.faults.order(Kind.STATUS, path=r"accounts/users/$", status=500)
    mirrored_client()
    assert "account 1" in mirror_state().marks
    assert "user 1" not in mirror_state().marks


def test_moving_to_a_new_install_with_the_same_names_is_refused(mirrored: FakeServer) -> None:
    """Names and ids alone would say that it is the same."""
    twin = World(seed=7)
    playlist = Playlist.generated(40, groups=5)
    twin.add_account("Base", playlist)
    twin.add_source("Guide", Guide.generated(10, playlist=playlist))
    for number, name in enumerate(("One", "Two", "Three"), start=1):
        twin.add_channel(name, channel_number=float(number), streams=[number])
    with serving(twin) as other:
        save_settings(dispatcharr_url=other.url, dispatcharr_user=other.user, dispatcharr_password=other.password)
        with pytest.raises(SwitchRefused, match="another server"):
            switch(Way.MOVE, "", progress=NoProgress())
    assert mirror_state().address == mirrored.url != get_settings().dispatcharr_url


def test_leaving_forgets_the_question_and_what_the_server_was_known_by(mirrored: FakeServer) -> None:
    mirrored.install_anew(new_install())
    sync()
    switch(Way.LEAVE, "", progress=NoProgress())
    assert (mirror_state().marks, mirror_state().doubt) == ({}, {})
    reset_client()
    assert get_client().server.me()


@pytest.mark.parametrize(
    ("known", "found", "verdict"),
    [
        ({"user 1": "a"}, {"user 1": "a", "user 2": "x"}, Verdict.SAME),
        ({"user 1": "a", "account 1": "b"}, {"user 1": "z", "account 1": "b"}, Verdict.SAME),
        ({"user 1": "a", "account 1": "b"}, {"user 1": "z", "account 1": "y"}, Verdict.OTHER),
        ({"user 1": "a"}, {"user 2": "a"}, Verdict.UNKNOWN),
        ({}, {"user 1": "a"}, Verdict.UNKNOWN),
        ({"user 1": "a"}, {}, Verdict.UNKNOWN),
    ],
)
def test_one_thing_in_common_is_proof_and_nothing_to_compare_is_none(
    known: dict[str, str], found: dict[str, str], verdict: Verdict
) -> None:
    assert compare(known, found) is verdict


def test_moments_that_a_script_could_have_chosen_say_nothing() -> None:
    rows: list[dict[str, object]] = [
        {"id": 1, "at": "2026-11-22T20:57:25.850928Z"},
        {"id": 2, "at": "2026-11-22T21:57:25.850928+01:00"},
        {"id": 3, "at": "2026-01-01T00:00:00Z"},
        {"id": 4, "at": "2026-11-22T20:57:25.850928"},
        {"id": 5, "at": None},
        {"id": 6, "at": "yesterday"},
        {"id": True, "at": "2026-11-22T20:57:25.850928Z"},
        {"at": "2026-11-22T20:57:25.850928Z"},
        {"id": 7, "at": "0001-01-01T00:00:00.5+14:00"},
    ]
    written = "2026-11-22T20:57:25.850+00:00"
    assert marks_of("user", rows, "at") == {"user 1": written, "user 2": written}


def test_the_pages_ask_and_take_the_answer(mirrored: FakeServer, alice: Client) -> None:
    mirrored.install_anew(new_install())
    sync()
    home = alice.get(reverse("mirror:home")).content.decode()
    settings = alice.get(reverse("settings_dispatcharr")).content.decode()
    for text in (home, settings):
        assert "This looks like another server" in text
        assert reverse("mirror:install") in text
    asked = alice.get(reverse("mirror:install"))
    assert "none was made at the same moment" in asked.content.decode()
    wrong = alice.post(reverse("mirror:install"), {"token": "older", "answer": "same"})
    assert (wrong.status_code, "yet another" in wrong.content.decode()) == (422, True)
    nothing = alice.post(reverse("mirror:install"), {"token": asked.context["doubt"].token})
    assert nothing.status_code == 422
    answer = alice.post(reverse("mirror:install"), {"token": asked.context["doubt"].token, "answer": "same"})
    assert answer.status_code == 302
    assert doubt_of(mirror_state()) is None
    assert "This looks like another server" not in alice.get(reverse("mirror:home")).content.decode()
    assert alice.get(reverse("mirror:install")).status_code == 302  # settled already
    said = JournalEntry.objects.get(action_type="dispatcharr_accepted")
    assert said.user_name == "alice"


def test_only_administrators_say_what_it_is(mirrored: FakeServer) -> None:
    mirrored.install_anew(new_install())
    sync()
    client = Client()
    client.force_login(User.objects.create_user("bob", "", "correct horse"))
    assert client.post(reverse("mirror:install"), {"token": "x", "answer": "same"}).status_code == 403
    assert "This looks like another server" in client.get(reverse("mirror:home")).content.decode()
