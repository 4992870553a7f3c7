"""From standalone to connected and back, against the fake server (issue 5, "Switching")."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from channels_app.models import Channel, ChannelGroup, ChannelProfile, ChannelStream, Logo, ProfileMembership
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import get_client
from epg_app.mirror.switching import GuideRoom
from epg_app.models import GuideEntry, GuideSource
from m3u_app.mirror.own_identity import is_mirrored_still
from m3u_app.mirror.switching import ProvidersRoom
from m3u_app.models import Account, Stream, StreamGroup
from tasks_app.backup.restore import restore_snapshot
from tasks_app.backup.snapshots import folder, list_snapshots
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import is_connected, mirror_state
from tasks_app.mirror.which_server import AnotherAddress, mirrored_client
from tasks_app.models import JournalEntry, MirrorLink, MirrorState, OutboxEntry, RunRequest, RunStatus, TaskRun
from tasks_app.progress import NoProgress
from tasks_app.switching import note_rows
from tasks_app.switching import switch as switch_module
from tasks_app.switching.preview import preview_switch
from tasks_app.switching.switch import Switched, SwitchRefused, Way, switch
from tasks_app.switching.task import finish_when_due, unfinished_words
from tasks_app.write_turns import Turn, WriteTurns
from tests.fake_dispatcharr import FakeServer, Playlist, World, serving
from tests.fake_dispatcharr.playlists import Entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_snapshots() -> Iterator[None]:
    yield
    for path in folder().iterdir():
        path.unlink()


def use(server: FakeServer) -> None:
    save_settings(dispatcharr_url=server.url, dispatcharr_user=server.user, dispatcharr_password=server.password)


def go(way: Way, token: str = "") -> Switched:
    return switch(way, token, progress=NoProgress())


def own_lineup() -> Channel:
    account = Account.objects.create(name="Acme", server_url="http://acme.test/list.m3u")
    group = StreamGroup.objects.create(account=account, name="News")
    stream = Stream.objects.create(account=account, group=group, name="Own", url="http://acme.test/1.ts", stream_hash=b"1" * 32)
    Stream.objects.create(name="Typed in", url="http://x.test/1.ts", is_custom=True, stream_hash=b"2" * 32)
    GuideSource.objects.create(name="Own guide", url="http://acme.test/guide.xml")
    Logo.objects.create(name="Own logo", url="http://acme.test/logo.png")
    channel = Channel.objects.create(name="Mine", number=7, group=ChannelGroup.objects.create(name="My group"))
    ChannelStream.objects.create(channel=channel, stream=stream, position=1)
    profile = ChannelProfile.objects.create(name="Family")
    ProfileMembership.objects.create(profile=profile, channel=channel)
    return channel


def test_adopting_makes_the_lineup_that_of_the_server(fake: FakeServer) -> None:
    own_lineup()
    use(fake)
    done = go(Way.ADOPT)
    assert is_connected()
    assert mirror_state().address == fake.url
    assert list(Channel.objects.order_by("number").values_list("name", "number")) == [
        ("One", Decimal(1)),
        ("Two", Decimal(2)),
        ("Three", Decimal(3)),
    ]
    assert list(Account.objects.values_list("name", flat=True)) == ["Base"]
    assert Stream.objects.filter(account__name="Base").count() == 40
    assert list(GuideSource.objects.values_list("name", flat=True)) == ["Guide"]
    assert not ChannelGroup.objects.filter(name="My group").exists()
    assert ChannelStream.objects.get(channel__name="Two").stream.name == fake.world.streams.name(2)
    assert not OutboxEntry.objects.exists()
    assert done.snapshot is not None
    assert done.sentence() == "The lineup is now the server’s."
    entry = JournalEntry.objects.get(action_type="dispatcharr_adopt")
    assert (entry.before_value or {})["channel"] == 1


def test_the_way_back_is_the_backup(fake: FakeServer) -> None:
    own_lineup()
    use(fake)
    done = go(Way.ADOPT)
    assert done.snapshot is not None
    restore_snapshot(done.snapshot.name)
    assert not is_connected()
    assert list(Channel.objects.values_list("name", flat=True)) == ["Mine"]
    assert ChannelStream.objects.get().stream.name == "Own"
    assert not MirrorLink.objects.exists()


def test_an_edit_after_adopting_reaches_the_server(fake: FakeServer) -> None:
    use(fake)
    go(Way.ADOPT)
    Channel.objects.filter(name="Two").update(name="Zwei")
    deliver(get_client())
    assert sorted(row["name"] for row in fake.world.tables["channels"].values()) == ["One", "Three", "Zwei"]


def test_a_lineup_goes_to_an_empty_server() -> None:
    world = World(seed=1, refresh_seconds=0.1)
    playlist = Playlist.generated(12, groups=2)
    with serving(World(seed=9)) as source:  # where the lineup comes from
        source.world.add_account("Base", playlist)
        for number in range(1, 5):
            source.world.add_channel(f"Channel {number}", channel_number=float(number), streams=[number, number + 4])
        use(source)
        go(Way.ADOPT)
        go(Way.LEAVE)
    url = Account.objects.get().server_url
    world.playlists[url] = playlist
    account = Account.objects.get()
    gone = Stream.objects.create(
        account=account,
        group=account.groups.first(),
        name="Gone",
        url="http://x.test/9.ts",
        stream_hash=b"9" * 32,
        is_stale=True,
    )
    lineup = [
        (row.name, row.number, list(row.channel_streams.order_by("position").values_list("stream__name", flat=True)))
        for row in Channel.objects.order_by("number")
    ]
    ids = list(Channel.objects.order_by("number").values_list("pk", flat=True))
    ChannelStream.objects.create(channel_id=ids[0], stream=gone, position=3)
    with serving(world) as empty:
        use(empty)
        assert preview_switch(Way.PUSH).asleep == [
            "1 stream on channels will not be there: the provider has them no more, or their group or account is switched off."
        ]
        done = go(Way.PUSH)
        assert done.notes == [
            "1 of 9 streams on channels did not come along, because the server does not fetch them. The backup has them."
        ]
        assert done.waiting == 0, [(entry.kind, entry.name, entry.reason) for entry in OutboxEntry.objects.all()]
        there = sorted(empty.world.tables["channels"].values(), key=lambda row: row["channel_number"])
        assert [
            (row["name"], Decimal(str(row["channel_number"])), [empty.world.streams.name(pk) for pk in row["streams"]])
            for row in there
        ] == lineup
        assert list(Channel.objects.order_by("number").values_list("pk", flat=True)) == ids, "rows here stay what they were"
        assert len(empty.world.streams) == 12
        assert RunRequest.objects.filter(task_id="sync_dispatcharr").exists(), "the page counts what was made last"
        pull(get_client())
        assert not OutboxEntry.objects.exists()
        assert Channel.objects.count() == 4
        assert Stream.objects.filter(is_custom=False).count() == 12


def test_leaving_keeps_everything_and_lets_our_own_refresh_know_the_streams(fake: FakeServer) -> None:
    use(fake)
    go(Way.ADOPT)
    streams = dict(Stream.objects.filter(account__name="Base").values_list("pk", "url"))
    go(Way.LEAVE)
    assert not is_connected()
    assert not MirrorLink.objects.exists()
    assert dict(Stream.objects.filter(account__name="Base").values_list("pk", "url")) == streams
    assert Channel.objects.count() == 3
    from m3u_app.entries import Entry as Read
    from m3u_app.importing.identity import identity_fields, identity_maker

    account = Account.objects.get()
    known = identity_maker(account.pk, identity_fields(account))
    for stream in Stream.objects.filter(account=account):
        assert bytes(stream.stream_hash) == known(Read(stream.name, stream.url))
    Channel.objects.filter(name="One").update(name="Eins")
    assert not OutboxEntry.objects.exists()


def test_leaving_names_beforehand_what_ecm_cannot_fetch_by_itself(tmp_path: Path) -> None:
    playlist = tmp_path / "here.m3u"
    playlist.write_text("#EXTM3U")
    Account.objects.create(name="Well", server_url="http://acme.test/list.m3u")
    Account.objects.create(name="File here", file_path=str(playlist))
    Account.objects.create(name="File there", file_path="/data/uploads/m3us/there.m3u")
    Account.objects.create(name="No password", account_type="XC", server_url="http://acme.test", username="joe")
    Account.objects.create(name="By hand", server_url="http://acme.test/2.m3u", refresh_interval=0)
    cron = {"cron_expression": "0 4 * * *"}
    Account.objects.create(name="By its times", server_url="http://acme.test/3.m3u", refresh_interval=0, **cron)
    Account.objects.create(name="By hours then", server_url="http://acme.test/4.m3u", refresh_interval=24, **cron)
    Account.objects.create(name="Off", file_path="/nowhere.m3u", is_active=False)
    GuideSource.objects.create(name="Guide by hand", url="http://acme.test/guide.xml", refresh_interval=0)
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True, "address": "http://x.test"})
    assert [sentence.rsplit(",", 1)[0] for sentence in preview_switch(Way.LEAVE).asleep] == [
        "1 guide source will be refreshed by hand only",
        "1 account cannot be refreshed until you choose the playlist file again",
        "1 account cannot be refreshed until you enter user and password",
        "1 account will be refreshed by hand only",
        "1 account will be refreshed by hand only: Dispatcharr's own times do not hold here",
    ]
    assert "(By its times)" in preview_switch(Way.LEAVE).asleep[4]
    assert "(File there)" in preview_switch(Way.LEAVE).asleep[1]


def test_what_was_confirmed_must_still_be_so(fake: FakeServer) -> None:
    use(fake)
    token = preview_switch(Way.ADOPT).token
    own_lineup()
    with pytest.raises(SwitchRefused, match="Look again"):
        go(Way.ADOPT, token)
    assert Channel.objects.get().name == "Mine"


def test_a_server_that_fails_before_the_start_changes_nothing(fake: FakeServer) -> None:
    own_lineup()
    use(fake)
    fake.stop()
    with pytest.raises(SwitchRefused):
        go(Way.ADOPT)
    assert not is_connected()
    assert Channel.objects.get().name == "Mine"
    assert list(folder().iterdir()) == []


def test_a_server_with_a_lineup_takes_no_other(fake: FakeServer) -> None:
    own_lineup()
    use(fake)
    with pytest.raises(SwitchRefused, match="already"):
        go(Way.PUSH)
    assert not is_connected()


def test_the_same_server_at_a_new_address_goes_on(fake: FakeServer) -> None:
    use(fake)
    go(Way.ADOPT)
    moved = fake.url.replace("127.0.0.1", "localhost")
    save_settings(dispatcharr_url=moved, dispatcharr_password=fake.password)
    with pytest.raises(AnotherAddress, match="same server at a new address"):
        mirrored_client()
    Channel.objects.filter(name="Two").update(name="Zwei")
    go(Way.MOVE)
    assert mirror_state().address == moved
    deliver(mirrored_client())
    assert "Zwei" in [row["name"] for row in fake.world.tables["channels"].values()]


def test_an_address_in_capitals_is_the_same_as_it_was_typed(fake: FakeServer) -> None:
    """The client writes hosts in small letters; that is no other address."""
    use(fake)
    save_settings(dispatcharr_url=fake.url.replace("127.0.0.1", "LocalHost"), dispatcharr_password=fake.password)
    go(Way.ADOPT)
    pull(mirrored_client())
    assert Channel.objects.count() == 3


def test_another_server_at_the_new_address_is_refused(fake: FakeServer) -> None:
    use(fake)
    go(Way.ADOPT)
    world = World(seed=8)
    world.add_account("Other", Playlist.generated(5))
    for name in ("A", "B", "C"):
        world.add_channel(name)
    with serving(world) as other:
        save_settings(dispatcharr_url=other.url, dispatcharr_password=other.password)
        with pytest.raises(SwitchRefused, match="another server"):
            go(Way.MOVE)
    assert mirror_state().address == fake.url
    assert Channel.objects.count() == 3


class Killed(BaseException):
    """The worker ends here."""


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("room", ["guide", "providers"])
def test_a_leaving_that_was_killed_goes_on_by_itself(fake: FakeServer, monkeypatch: pytest.MonkeyPatch, room: str) -> None:
    use(fake)
    go(Way.ADOPT)
    owner = GuideRoom if room == "guide" else ProvidersRoom
    with monkeypatch.context() as patch:
        patch.setattr(owner, "leave", killed)
        with pytest.raises(Killed):
            go(Way.LEAVE)
    assert not is_connected()
    account = Account.objects.get()
    assert is_mirrored_still(account.pk)
    assert "still being left" in preview_switch(Way.ADOPT).problems[0]
    finish_when_due(timezone.now())
    assert RunRequest.objects.filter(task_id="switch_dispatcharr").exists()
    go(Way.LEAVE)
    assert not is_mirrored_still(account.pk)
    assert not GuideEntry.objects.filter(remote_id__isnull=False).exists()
    assert not preview_switch(Way.ADOPT).problems
    assert preview_switch(Way.LEAVE).problems == ["No server is mirrored."]
    RunRequest.objects.all().delete()
    finish_when_due(timezone.now())
    assert not RunRequest.objects.exists()


def test_a_push_that_is_killed_right_after_connecting_has_everything_in_its_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    own_lineup()
    with serving(World(seed=3)) as empty:
        use(empty)
        with monkeypatch.context() as patch:
            patch.setattr(switch_module, "_client", killed)
            with pytest.raises(Killed):
                go(Way.PUSH)
        assert is_connected()
        rows = {(kind.name, pk) for kind in all_kinds() for pk in kind.local()}
        assert set(OutboxEntry.objects.values_list("kind", "local_id")) == rows
        assert ("channel", Channel.objects.get().pk) in rows


def test_a_push_that_is_killed_before_it_is_connected_leaves_the_house_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own_lineup()
    with serving(World(seed=3)) as empty:
        use(empty)
        monkeypatch.setattr(switch_module, "_connect", killed)
        with pytest.raises(Killed):
            go(Way.PUSH)
    assert not is_connected()
    assert not mirror_state().connecting
    finish_when_due(timezone.now())
    assert not OutboxEntry.objects.exists(), "what was noted for a server that was never connected is forgotten"
    assert not RunRequest.objects.filter(task_id="switch_dispatcharr").exists()


def test_noting_the_rows_takes_short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others write meanwhile: no transaction holds more than one portion."""
    own_lineup()
    Logo.objects.bulk_create(Logo(name=f"Logo {number}", url=f"http://x.test/{number}.png") for number in range(30))
    monkeypatch.setattr(note_rows, "CHUNK", 10)
    begun: list[int] = []

    class Counting(WriteTurns):
        @contextmanager
        def turn(self) -> Iterator[Turn]:
            before = OutboxEntry.objects.count()
            with super().turn() as turn:
                yield turn
            begun.append(OutboxEntry.objects.count() - before)

    monkeypatch.setattr(note_rows, "WriteTurns", Counting)
    note_rows.note_everything(NoProgress())
    assert max(begun) == 10
    rows = {(kind.name, pk) for kind in all_kinds() for pk in kind.local()}
    assert set(OutboxEntry.objects.values_list("kind", "local_id")) == rows
    begun.clear()
    note_rows.note_everything(NoProgress())
    assert begun == [], "what is noted stays as it is"
    note_rows.forget_all(NoProgress())
    assert min(begun) == -10
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("way", [Way.ADOPT, Way.PUSH])
def test_what_was_killed_after_connecting_goes_on_by_itself_to_the_same_end(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    own_lineup()
    server = fake if way is Way.ADOPT else FakeServer(World(seed=3, refresh_seconds=0.1))
    server.world.playlists["http://acme.test/list.m3u"] = Playlist.of([Entry("Own", "http://acme.test/1.ts", "News")])
    use(server)
    with monkeypatch.context() as patch:
        patch.setattr(switch_module, "_client", killed)
        with pytest.raises(Killed):
            go(way)
    assert mirror_state().connecting == way
    finish_when_due(timezone.now())
    request = RunRequest.objects.get(task_id="switch_dispatcharr")
    assert request.parameters == {"way": way.value, "token": ""}
    taken = len(list_snapshots())
    Channel.objects.create(name="Made meanwhile", number=99)
    done = go(way)
    assert mirror_state().connecting == ""
    assert is_connected()
    assert len(list_snapshots()) == taken, "the backup of before is kept; another one would hold half of the house"
    assert done.snapshot is not None
    deliver(mirrored_client())
    there = {row["name"] for row in server.world.tables["channels"].values()}
    assert there == ({"One", "Two", "Three"} if way is Way.ADOPT else {"Mine"}) | {"Made meanwhile"}
    RunRequest.objects.all().delete()
    finish_when_due(timezone.now())
    assert not RunRequest.objects.filter(task_id="switch_dispatcharr").exists()
    if way is Way.PUSH:
        server.stop()


def test_adopting_that_is_killed_while_removing_asks_before_it_goes_on(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_lineup()
    use(fake)
    with monkeypatch.context() as patch:
        patch.setattr(ProvidersRoom, "clear", killed)
        with pytest.raises(Killed):
            go(Way.ADOPT)
    assert not is_connected()
    assert "a part of it is gone" in unfinished_words(mirror_state())
    finish_when_due(timezone.now())
    assert not RunRequest.objects.filter(task_id="switch_dispatcharr").exists()
    kept = mirror_state().backup_file
    go(Way.ADOPT)
    assert mirror_state().backup_file == kept
    assert unfinished_words(mirror_state()) == ""
    restore_snapshot(kept)
    assert Channel.objects.get().name == "Mine"
    assert mirror_state().connecting == ""


@pytest.mark.parametrize(
    ("status", "minutes", "expected"),
    [
        (RunStatus.TERMINATED, 0, True),
        (RunStatus.FAILED, 1, False),
        (RunStatus.FAILED, 11, True),
        (RunStatus.CANCELLED, 60, False),
    ],
)
def test_what_stopped_goes_on_unless_somebody_stopped_it(status: RunStatus, minutes: int, expected: bool) -> None:
    now = timezone.now()
    TaskRun.objects.create(task_id="switch_dispatcharr", status=status, completed_at=now - timedelta(minutes=minutes))
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True, "connecting": Way.PUSH, "address": "http://x.test"})
    finish_when_due(now)
    assert RunRequest.objects.filter(task_id="switch_dispatcharr").exists() is expected
    assert ("by itself" in unfinished_words(mirror_state())) is (status != RunStatus.CANCELLED)


def test_an_outage_is_waited_for_before_it_goes_on() -> None:
    now = timezone.now()
    values = {"connected": True, "connecting": Way.ADOPT, "address": "http://x.test", "retry_at": now + timedelta(minutes=3)}
    MirrorState.objects.update_or_create(pk=1, defaults=values)
    finish_when_due(now)
    assert not RunRequest.objects.exists()
