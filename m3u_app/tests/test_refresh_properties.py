"""What holds for any playlist at all: no exception, counts that add up, and a second refresh that finds nothing new."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3u_app.changes.models import Change
from m3u_app.models import Account, Stream
from m3u_app.refresh_account import RefreshFailed
from m3u_app.tests.refreshing import FileAccount, assert_adds_up

LINES = st.one_of(
    st.sampled_from(
        [
            b"#EXTM3U",
            b'#EXTINF:-1 tvg-id="a" group-title="G",A',
            b"#EXTINF:-1,A",
            b'#EXTINF:-1 group-title="G2" tvg-chno="3",B',
            b"#EXTGRP:X",
            b"http://h/live/u/p/1.ts",
            b"http://h/live/u/p/2.ts",
            b"http://g/live/x/y/1.ts",
            b"rtmp://h/x",
            b"/file",
            b"",
            b"#",
            b"#EXTINF",
            b"\xef\xbb\xbf#EXTINF:-1,C",
            b"http://[::1",
        ]
    ),
    st.binary(max_size=60),
)
PLAYLISTS = st.lists(LINES, max_size=40).map(b"\n".join)
ANY = st.one_of(PLAYLISTS, st.binary(max_size=300))
SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def fresh(file_account: Callable[..., FileAccount]) -> Callable[[], FileAccount]:
    """An account with nothing in it, again and again."""
    made = file_account("Any", shrink_guard_percent=0)

    def start() -> FileAccount:
        Account.objects.filter(pk=made.account.pk).update(last_report={}, held_back={}, updated_at=None)
        Stream.objects.all().delete()
        made.account.groups.all().delete()
        made.account.change_batches.all().delete()
        return made

    return start


def refreshed(account: FileAccount, content: bytes) -> bool:
    """Refresh; False when the content is refused, which is the only other thing that may happen."""
    try:
        assert_adds_up(account.refresh(content))
    except RefreshFailed:
        return False
    return True


@SETTINGS
@given(first=ANY, second=ANY)
def test_any_bytes_are_read_or_refused_and_the_counts_add_up(
    fresh: Callable[[], FileAccount], first: bytes, second: bytes
) -> None:
    account = fresh()
    refreshed(account, first)
    refreshed(account, second)


@SETTINGS
@given(content=PLAYLISTS, before=PLAYLISTS)
def test_a_second_refresh_of_the_same_bytes_changes_nothing(
    fresh: Callable[[], FileAccount], content: bytes, before: bytes
) -> None:
    account = fresh()
    refreshed(account, before)
    if not refreshed(account, content):
        return
    stored = list(Stream.objects.order_by("pk").values())
    changes = Change.objects.count()
    report = account.refresh()
    assert list(Stream.objects.order_by("pk").values()) == stored
    assert (report.created, report.updated, report.stale, report.returned) == (0, 0, 0, 0)
    assert Change.objects.count() == changes
