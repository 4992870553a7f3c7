"""What works by itself meets the switch: auto-sync of both sides, refreshes, and people who go on working."""

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app.autosync.tasks import request_sync
from channels_app.models import Channel
from epg_app.mirror.switching import GuideRoom
from m3u_app.due_refreshes import queue_due_refreshes
from m3u_app.models import Account, StreamGroup
from m3u_app.request_refresh import REFRESH_TASK
from tasks_app.models import MirrorState, OutboxEntry, RunRequest, TaskRun
from tasks_app.progress import Progress
from tasks_app.switching.preview import Way, preview_switch
from tests.dispatcharr.test_switching import go, no_snapshots, use
from tests.fake_dispatcharr import FakeServer, Playlist, World, serving

__all__ = ["no_snapshots"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_channels_that_auto_sync_made_here_are_not_made_once_more_by_the_servers() -> None:
    playlist = Playlist.generated(12, groups=2)
    with serving(World(seed=9)) as source:  # where the lineup comes from
        source.world.add_account("Base", playlist)
        for number in (1, 2):
            source.world.add_channel(f"Channel {number}", channel_number=float(number), streams=[number])
        use(source)
        go(Way.ADOPT)
        go(Way.LEAVE)
    StreamGroup.objects.update(auto_channel_sync=True)
    made = Channel.objects.get(name="Channel 1")
    Channel.objects.filter(pk=made.pk).update(auto_created=True, auto_created_by=Account.objects.get())
    full = made.channel_streams.get().stream.group
    world = World(seed=1, refresh_seconds=0.1)
    world.playlists[Account.objects.get().server_url] = playlist
    with serving(world) as empty:
        use(empty)
        [sentence] = preview_switch(Way.PUSH).asleep
        assert sentence.startswith("Auto-sync of 1 group is switched off")
        go(Way.PUSH)
        assert OutboxEntry.objects.count() == 0
        synced = [row["auto_channel_sync"] for groups in empty.world.relations.values() for row in groups.values()]
        assert synced.count(False) == 1, "the others are the server's"
        assert len(empty.world.tables["channels"]) == 2
    assert full is not None
    assert not StreamGroup.objects.get(pk=full.pk).auto_channel_sync


def test_what_is_made_while_everything_is_removed_goes_as_well(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    use(fake)
    plain = GuideRoom.clear
    late = [1]

    def clear(room: GuideRoom, progress: Progress) -> None:
        plain(room, progress)
        if late:
            Channel.objects.create(name=f"Late {late.pop()}")

    monkeypatch.setattr(GuideRoom, "clear", clear)
    go(Way.ADOPT)
    assert sorted(Channel.objects.values_list("name", flat=True)) == ["One", "Three", "Two"]


def test_refreshes_and_auto_sync_rest_while_a_server_is_being_connected() -> None:
    long_ago = timezone.now() - timedelta(days=9)
    account = Account.objects.create(name="Due", server_url="http://p.test/l.m3u", refresh_interval=1)
    Account.objects.update(created_at=long_ago, updated_at=long_ago)
    MirrorState.objects.update_or_create(pk=1, defaults={"connecting": Way.ADOPT})
    queue_due_refreshes(timezone.now())
    request_sync(account.pk)
    assert not TaskRun.objects.filter(task_id=REFRESH_TASK).exists()
    assert not RunRequest.objects.exists()
    MirrorState.objects.update(connecting="")
    queue_due_refreshes(timezone.now())
    request_sync(account.pk)
    assert TaskRun.objects.filter(task_id=REFRESH_TASK).exists()
    assert RunRequest.objects.exists()
