"""Settings → Dispatcharr: the ways to connect and back, looked at before they happen (issue 5, "Switching")."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_app.drafts.lives import open_draft
from channels_app.models import Channel, ChannelGroup, HiddenGroup
from ecm_site.conf import save_settings
from epg_app.models import GuideSource
from m3u_app.models import Account
from tasks_app.backup.snapshots import folder, list_snapshots, take_snapshot
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState, Notification, OutboxEntry, TaskRun
from tests.fake_dispatcharr import FakeServer, World, serving

pytestmark = pytest.mark.django_db(transaction=True)
ADOPT, PUSH, LEAVE, MOVE = (f"/settings/dispatcharr/switch/{way}/" for way in ("adopt", "push", "leave", "move"))


@pytest.fixture(autouse=True)
def no_snapshots() -> Iterator[None]:
    yield
    for path in folder().iterdir():
        path.unlink()


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("alice", "", "correct horse")


@pytest.fixture
def site(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def server(fake: FakeServer) -> FakeServer:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    return fake


def connected(address: str) -> None:
    MirrorState.objects.filter(pk=mirror_state().pk).update(connected=True, address=address, connected_at="2026-01-02T03:04Z")


def own_lineup() -> None:
    group = ChannelGroup.objects.create(name="News")
    Channel.objects.create(name="<b>One</b>", number=1, group=group)
    HiddenGroup.objects.create(group_id=group.pk, name="News")
    Account.objects.create(name="Acme")
    GuideSource.objects.create(name="Guide")


def test_without_a_server_the_page_says_how_to_get_one(site: Client) -> None:
    text = site.get(reverse("settings_dispatcharr")).content.decode()
    assert "Standalone." in text
    assert "Enter the server’s address above" in text
    assert ADOPT not in text


def test_with_a_server_there_are_two_ways(site: Client, server: FakeServer) -> None:
    text = site.get(reverse("settings_dispatcharr")).content.decode()
    assert ADOPT in text
    assert PUSH in text
    assert LEAVE not in text
    assert server.calls == []


def test_the_first_page_asks_the_server_nothing_and_names_what_would_go(site: Client, server: FakeServer) -> None:
    own_lineup()
    text = site.get(ADOPT).content.decode()
    for words in ("1 channel", "&lt;b&gt;One&lt;/b&gt;", "1 group", "1 account", "1 guide source", "1 hidden group"):
        assert words in text
    assert "Look at the server" in text
    assert server.calls == []


def test_looking_shows_both_sides_and_starts_nothing(site: Client, server: FakeServer) -> None:
    own_lineup()
    text = site.post(ADOPT).content.decode()
    assert "3 channels" in text
    assert "40 streams" in text
    assert "Remove what is here and connect" in text
    assert not TaskRun.objects.exists()
    assert Channel.objects.count() == 1


def test_better_credentials_are_offered_where_they_are_and_not_after_saving(site: Client, server: FakeServer) -> None:
    text = site.post(ADOPT).content.decode()
    assert "Better with an API key" in text
    assert ">test the connection</a>" in text
    assert "Once this is saved" not in text


def test_what_was_seen_is_what_is_started(site: Client, server: FakeServer) -> None:
    own_lineup()
    token = site.post(ADOPT).context["preview"].token
    answer = site.post(ADOPT, {"token": token})
    run = TaskRun.objects.get()
    assert answer["Location"] == reverse("tasks:run", args=[run.pk])
    assert run.parameters == {"way": "adopt", "token": token}
    assert site.post(ADOPT, {"token": token})["Location"] == answer["Location"], "a second click shows the same run"


def test_the_page_of_a_switch_says_in_words_what_is_done_and_where_to_go(site: Client, server: FakeServer) -> None:
    token = site.post(ADOPT).context["preview"].token
    site.post(ADOPT, {"token": token})
    run = TaskRun.objects.get()

    def text() -> str:
        return str(site.get(reverse("tasks:run", args=[run.pk])).content.decode())

    assert "A backup is taken, what is here is removed" in text()
    assert token.partition("|")[2] not in text()
    assert '<th scope="row" class="w-25">Way' not in text()
    assert '<th scope="row" class="w-25">Token' not in text()
    assert "The Server page shows it kind by kind" in text()
    TaskRun.objects.update(status="completed", message="The lineup is now the server’s.", completed_at=timezone.now())
    assert 'btn-primary" href="/server/"' in text()
    assert 'href="/channels/"' in text()
    TaskRun.objects.update(status="failed", message="The server does not answer.")
    assert "Nothing is half done" in text()
    assert reverse("settings_dispatcharr") in text()
    kept = take_snapshot("before-connecting")
    connected(server.url)
    MirrorState.objects.update(connecting="adopt", backup_file=kept.name)
    assert "It goes on by itself" in text()
    assert reverse("settings_go_back", args=[kept.name]) in text()


def test_what_stopped_half_way_can_be_gone_on_with_or_left_so(site: Client, server: FakeServer) -> None:
    finish = reverse("settings_switch_finish")
    assert site.post(finish, {"answer": "go"})["Location"] == reverse("settings_dispatcharr")
    assert not TaskRun.objects.exists(), "there is nothing to go on with"
    mirror_state()
    MirrorState.objects.update(connecting="adopt")
    text = site.get(reverse("settings_dispatcharr")).content.decode()
    assert "a part of it is gone" in text
    assert "Leave it as it is" in text
    site.post(finish, {"answer": "go"})
    assert TaskRun.objects.get().parameters == {"way": "adopt", "token": ""}
    TaskRun.objects.all().delete()
    site.post(finish, {"answer": "keep"})
    assert mirror_state().connecting == ""
    connected(server.url)
    MirrorState.objects.update(connecting="push")
    site.post(finish, {"answer": "keep"})
    assert mirror_state().connecting == "push", "a server that is connected is left by leaving it"


def test_a_page_of_before_does_not_forget_what_goes_on_right_now(site: Client) -> None:
    """A kill of the run would leave half a house and nobody who says so."""
    mirror_state()
    MirrorState.objects.update(connecting="adopt")
    TaskRun.objects.create(task_id="switch_dispatcharr", title="Connect", lock_key="mirror", status="running")
    answer = site.post(reverse("settings_switch_finish"), {"answer": "keep"}, follow=True)
    assert mirror_state().connecting == "adopt"
    assert "connecting right now" in answer.content.decode()


def test_only_administrators_go_on(server: FakeServer) -> None:
    mirror_state()
    MirrorState.objects.update(connecting="adopt")
    client = Client()
    client.force_login(User.objects.create_user("bob"))
    assert client.post(reverse("settings_switch_finish")).status_code == 403
    assert not TaskRun.objects.exists()


def test_only_an_empty_server_takes_a_lineup(site: Client, server: FakeServer) -> None:
    answer = site.post(PUSH)
    assert answer.status_code == 409
    assert "3 channels and 1 account already" in answer.content.decode()
    with serving(World(seed=1)) as empty:
        save_settings(dispatcharr_url=empty.url, dispatcharr_password=empty.password)
        text = site.post(PUSH).content.decode()
        assert "Create it on the server" in text
        assert "What the server will not have" not in text


def test_what_a_server_cannot_hold_is_listed_before_the_lineup_goes_there(site: Client, server: FakeServer) -> None:
    own_lineup()
    Account.objects.update(file_path="/data/mine.m3u")
    text = site.get(PUSH).content.decode()
    assert "What the server will not have" in text
    assert "1 account will not be there (Acme): the playlist is a path on this machine." in text
    assert "1 hidden group is hidden here only." in text
    assert "What a server can hold of this lineup is created there." in text
    assert "What was created on the server stays there." in text
    page = site.get(reverse("settings_dispatcharr")).content.decode()
    assert "what a server can hold is created there" in page


def test_each_way_says_of_backups_what_is_so(site: Client, server: FakeServer) -> None:
    adopt = " ".join(site.get(ADOPT).content.decode().split())
    assert "A backup of the whole database is taken first, and uploaded files stay on disk as long as it is kept." in adopt
    assert "Going back makes ECM work alone again, with what is here now." in adopt
    connected(server.url)
    leave = " ".join(site.get(LEAVE).content.decode().split())
    assert "A backup of the whole database is taken first. You can go back to it" in leave
    assert "Going back connects ECM to the server again." in leave
    assert "No backup is taken" in site.get(MOVE).content.decode()
    snapshot = take_snapshot("before-connecting")
    back = site.get(reverse("settings_go_back", args=[snapshot.name])).content.decode()
    assert "only the profiles that new channels join are those of then" in back


def test_a_server_that_does_not_answer_is_told_in_words(site: Client, server: FakeServer) -> None:
    server.stop()
    answer = site.post(ADOPT)
    assert answer.status_code == 409
    assert "Look again" in answer.content.decode()
    assert not list_snapshots()


def test_an_open_draft_and_running_work_stand_in_the_way(site: Client, server: FakeServer, admin: User) -> None:
    open_draft(admin)
    TaskRun.objects.create(task_id="x", title="M3U refresh – Acme", lock_key="m3u:1", status="running")
    text = site.post(ADOPT).content.decode()
    assert "1 draft with edits that are not applied: alice." in text
    assert "Work is going on: M3U refresh – Acme." in text
    assert server.calls == [], "the server is not asked for nothing"


def test_while_connected_there_is_the_way_back_with_what_waits(site: Client) -> None:
    GuideSource.objects.create(name="SD", source_type="schedules_direct")  # before: it would wait for the server otherwise
    connected("http://tv.test:9191")
    save_settings(dispatcharr_url="http://tv.test:9191")
    OutboxEntry.objects.create(kind="channel", local_id=1, name="One")
    page = site.get(reverse("settings_dispatcharr")).content.decode()
    assert LEAVE in page
    assert ADOPT not in page
    assert MOVE not in page
    text = site.get(LEAVE).content.decode()
    assert "1 change has not been delivered. It stays here, and the server does not get it." in text
    assert "1 guide source of kinds that only Dispatcharr can read will be switched off: SD." in text
    assert "Let the server go" in text
    assert site.get(ADOPT).context["preview"].problems == [
        "A server is mirrored already. Go back to standalone first, or move to its new address."
    ]


def test_another_address_in_the_settings_asks_what_it_is(site: Client) -> None:
    connected("http://tv.test:9191")
    save_settings(dispatcharr_url="http://elsewhere.test:9191")
    page = site.get(reverse("settings_dispatcharr")).content.decode()
    assert "The address above is not the one that is mirrored" in page
    assert MOVE in page
    server = site.get(reverse("mirror:home")).content.decode()
    assert "The settings name another address." in server
    assert "Reachable." not in server


def test_only_administrators_may(server: FakeServer) -> None:
    client = Client()
    snapshot = take_snapshot("before-connecting")
    client.force_login(User.objects.create_user("bob", password="x"))
    page = client.get(reverse("settings_dispatcharr")).content.decode()
    assert ADOPT not in page
    assert snapshot.name not in page
    back = reverse("settings_go_back", args=[snapshot.name])
    for address in (ADOPT, PUSH, LEAVE, MOVE, back):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403
    assert client.post(reverse("settings_forget_snapshot", args=[snapshot.name])).status_code == 403
    assert len(list_snapshots()) == 1


@pytest.mark.parametrize("way", ["sideways", "ADOPT", "%00"])
def test_there_are_no_other_ways(site: Client, way: str) -> None:
    assert site.get(f"/settings/dispatcharr/switch/{way}/").status_code == 404


def test_going_back_is_asked_first_and_then_done(site: Client) -> None:
    Notification.objects.create(kind="info", title="then", message="")
    snapshot = take_snapshot("before-connecting")
    Notification.objects.create(kind="info", title="since", message="")
    address = reverse("settings_go_back", args=[snapshot.name])
    assert address in site.get(reverse("settings_dispatcharr")).content.decode()
    assert "What happened since is gone" in site.get(address).content.decode()
    assert Notification.objects.count() == 2
    assert site.post(address)["Location"] == reverse("settings_dispatcharr")
    assert list(Notification.objects.values_list("title", flat=True)) == ["then"]
    assert len(list_snapshots()) == 2


def test_going_back_is_refused_in_words_while_a_draft_is_open(site: Client, admin: User) -> None:
    snapshot = take_snapshot("before-connecting")
    open_draft(admin)
    answer = site.post(reverse("settings_go_back", args=[snapshot.name]))
    assert answer.status_code == 409
    assert "alice" in answer.content.decode()


def test_a_backup_can_be_deleted(site: Client) -> None:
    snapshot = take_snapshot("before-connecting")
    site.post(reverse("settings_forget_snapshot", args=[snapshot.name]))
    assert list_snapshots() == []
    assert site.get(reverse("settings_go_back", args=[snapshot.name])).status_code == 404
