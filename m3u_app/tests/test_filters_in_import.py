"""Filters inside a refresh (20 §5): what is stored, what is counted, and that changing them hurts nothing."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from m3u_app.edit_filters import FilterValues, add_filter, remove_filter
from m3u_app.entries import GroupHint
from m3u_app.importing.cached_copy import CachedCopy
from m3u_app.models import Account, Stream, StreamFilter, StreamGroup
from m3u_app.providers import registry
from m3u_app.refresh_account import RefreshFailed, refresh_account
from m3u_app.tests.refreshing import FakeProvider, FileAccount, assert_adds_up, playlist_of
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db

PLAYLIST = playlist_of("ESPN@Sports", "BBC news@News", "CNN news@News", "Film@Movies")


def drop(account: Account, pattern: str, target: str = "name") -> StreamFilter:
    return add_filter(account.pk, FilterValues(target, pattern))[0]


def keep(account: Account, pattern: str, target: str = "name") -> StreamFilter:
    return add_filter(account.pk, FilterValues(target, pattern, exclude=False))[0]


def test_filtered_entries_are_counted_and_not_stored(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    drop(acme.account, "news")
    report = acme.refresh(PLAYLIST)
    assert acme.names() == ["ESPN", "Film"]
    assert (report.created, report.filtered) == (2, 2)
    assert_adds_up(report)


def test_a_group_stays_in_the_list_when_filters_empty_it(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    drop(acme.account, "News", "group")
    acme.refresh(PLAYLIST)
    news = StreamGroup.objects.get(name="News")
    assert (news.entry_count, news.stream_count, news.is_stale) == (2, 0, False)


def test_filters_go_before_disabled_groups(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    acme.refresh(PLAYLIST)
    StreamGroup.objects.filter(name="News").update(enabled=False)
    drop(acme.account, "BBC")
    report = acme.refresh()
    assert (report.filtered, report.disabled) == (1, 1)
    assert_adds_up(report)


def test_a_second_refresh_with_filters_changes_nothing(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    drop(acme.account, "news")
    acme.refresh(PLAYLIST)
    report = acme.refresh()
    assert (report.unchanged, report.filtered, report.created, report.updated) == (2, 2, 0, 0)
    assert not report.changed_anything


def test_streams_that_new_filters_drop_go_missing_and_come_back_as_the_same_rows(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    acme.refresh(PLAYLIST)
    before = dict(Stream.objects.values_list("name", "pk"))
    made = drop(acme.account, "news|Film")
    assert acme.now().filters_changed_at is not None
    report = acme.refresh()
    assert acme.now().filters_changed_at is None
    assert (report.filtered, report.stale, report.removed, report.unchanged) == (3, 3, 0, 1)
    assert acme.names(is_stale=True) == ["BBC news", "CNN news", "Film"]
    remove_filter(acme.account.pk, made.pk)
    report = acme.refresh()
    assert (report.returned, report.unchanged, report.created) == (3, 4, 0)
    assert dict(Stream.objects.values_list("name", "pk")) == before


def test_the_shrink_guard_does_not_mind_what_the_operator_filters(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path, shrink_guard_percent=90)
    acme.refresh(PLAYLIST)
    drop(acme.account, "news|Film")
    assert acme.refresh().filtered == 3


def test_the_shrink_guard_still_sees_what_the_provider_takes_away(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path, shrink_guard_percent=90)
    acme.refresh(playlist_of(*(f"Channel {number}" for number in range(20)), "News 1"))
    drop(acme.account, "News")
    with pytest.raises(RefreshFailed, match="5 streams instead of 20"):
        acme.refresh(playlist_of(*(f"Channel {number}" for number in range(5)), "News 1"))
    assert acme.now().filters_changed_at is not None


def test_filters_may_drop_everything(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    acme.refresh(PLAYLIST)
    drop(acme.account, ".*")
    report = acme.refresh()
    assert (report.filtered, report.streams_total, report.stale) == (4, 0, 4)


def test_filters_that_are_off_do_nothing(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    add_filter(acme.account.pk, FilterValues("name", "news", enabled=False))
    assert acme.refresh(PLAYLIST).created == 4


def test_filters_of_another_account_do_nothing(tmp_path: Path) -> None:
    other = Account.objects.create(name="Other", file_path="/nowhere.m3u")
    drop(other, ".*")
    assert FileAccount(tmp_path).refresh(PLAYLIST).created == 4


def test_a_category_that_gets_another_name_meets_the_group_filters_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = FakeProvider(
        items=[{"name": "ESPN", "url": "http://h/1", "group": "Sports", "group_key": "5", "identity_key": "1"}],
        groups=[GroupHint("Sports", "5")],
        salt="1",
    )
    monkeypatch.setitem(registry._providers, "XC", provider)
    account = Account.objects.create(name="Acme", account_type="XC", shrink_guard_percent=0)
    drop(account, "^Old", "group")
    assert refresh_account(account.pk, progress=NoProgress()).created == 1
    provider.groups = [GroupHint("Old Sports", "5")]
    provider.items[0]["group"] = "Old Sports"
    assert refresh_account(account.pk, progress=NoProgress()).filtered == 1


def test_filters_are_applied_to_the_kept_copy_without_a_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    account = Account.objects.create(name="Acme", server_url="http://provider.example/list.m3u")
    copy = CachedCopy(account.pk)
    copy.path.parent.mkdir(parents=True, exist_ok=True)
    copy.path.write_text(PLAYLIST)
    updated_at = account.created_at
    Account.objects.filter(pk=account.pk).update(updated_at=updated_at, held_back={"before": 9, "after": 1})
    drop(account, "news")

    def no_download(*args: object, **kwargs: object) -> None:
        raise AssertionError("downloaded")

    monkeypatch.setattr("m3u_app.providers.playlist.download", no_download)
    try:
        report = refresh_account(account.pk, progress=NoProgress(), from_copy=True)
        assert copy.path.exists()
    finally:
        copy.forget()
    assert (report.created, report.filtered) == (2, 2)
    account.refresh_from_db()
    # It is no news from the provider: the next due time and a refresh that waits for an answer stay as they were.
    assert (account.updated_at, account.held_back) == (updated_at, {"before": 9, "after": 1})
    assert account.filters_changed_at is None
    assert "Nothing was downloaded" in account.last_message


def test_more_filters_take_no_more_queries(tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    from m3u_app.importing.filtering import chain_of

    acme = FileAccount(tmp_path)
    drop(acme.account, "a")
    with django_assert_num_queries(1):
        chain_of(acme.account.pk)
    StreamFilter.objects.bulk_create(
        StreamFilter(account=acme.account, regex_pattern=f"x{number}", position=number) for number in range(50)
    )
    with django_assert_num_queries(1):
        chain_of(acme.account.pk)


LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                b'#EXTINF:-1 group-title="News",BBC news',
                b"#EXTINF:-1,\xff\xfe Film \x00",
                b"http://h/1.ts",
                b"http://h/2.mkv",
                b"rtmp://h/x",
                b"#EXTGRP:Sports",
            ]
        ),
    ),
    max_size=12,
)
PATTERNS = st.sampled_from(["news", ".*", r"\.mkv$", "^$", "(?i)FILM", "a(?!b)", r"(.)\1", "[^ -~]", "("])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.lists(st.tuples(st.sampled_from(["group", "name", "url"]), PATTERNS, st.booleans()), max_size=3))
def test_any_filter_on_any_bytes_never_raises_and_the_counts_add_up(
    tmp_path: Path, lines: list[bytes], filters: list[tuple[str, str, bool]]
) -> None:
    Account.objects.all().delete()
    acme = FileAccount(tmp_path)
    StreamFilter.objects.bulk_create(
        StreamFilter(account=acme.account, filter_type=target, regex_pattern=pattern, exclude=exclude, position=number)
        for number, (target, pattern, exclude) in enumerate(filters)
    )
    for _ in range(2):
        try:
            report = acme.refresh(b"#EXTM3U\n" + b"\n".join(lines) + b"\n")
        except RefreshFailed:  # nothing usable in it
            return
        assert_adds_up(report)
