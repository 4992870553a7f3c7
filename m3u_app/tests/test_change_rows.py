"""Which changes a refresh records (20 §10.2, §10.3; examples 79 to 85)."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from m3u_app.changes import record
from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.forget import count_older, forget_account, forget_older
from m3u_app.changes.models import Change, ChangeBatch, ChangeTotal, ChangeType, StreamChange, StreamChangeKind
from m3u_app.changes.queries import summarise
from m3u_app.changes.record import read_snapshot
from m3u_app.delete_account import delete_account
from m3u_app.entries import GroupHint
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.refresh_account import refresh_account
from m3u_app.tests.refreshing import FakeProvider, FileAccount, playlist_of
from tasks_app.progress import NoProgress

FileAccounts = Callable[..., FileAccount]
Row = tuple[str, str, int]


def rows(**filters: object) -> set[Row]:
    return set(Change.objects.filter(**filters).values_list("change_type", "group_name", "count"))


def news(**filters: object) -> set[Row]:
    return rows(baseline=False, **filters)


def listed(kind: StreamChangeKind) -> list[str]:
    return sorted(StreamChange.objects.filter(kind=kind).values_list("name", flat=True))


def of(group: str, *names: str) -> list[str]:
    return [f"{name}@{group}" for name in names]


def many(group: str, count: int) -> list[str]:
    return of(group, *(f"{group}{number}" for number in range(count)))


def test_the_first_look_is_a_baseline_of_groups_and_counts(provider: FakeProvider, db: None) -> None:  # 79
    account = Account.objects.create(name="X", account_type="XC")
    StreamGroup.objects.create(account=account, name="Empty", enabled=False, xc_id="2")
    provider.groups = [GroupHint("Sports", "1"), GroupHint("Empty", "2")]
    provider.items = [
        {"name": f"S{n}", "url": f"http://h/{n}", "group": "Sports", "group_key": "1", "identity_key": str(n)}
        for n in range(50)
    ]
    refresh_account(account.pk, progress=NoProgress())
    assert rows(baseline=True) >= {("group_added", "Sports", 50), ("streams_added", "Sports", 50)}
    assert not Change.objects.filter(baseline=False).exists()
    assert not StreamChange.objects.exists()  # half a million rows would tell nobody anything


def test_pure_adds_and_removes_of_groups_and_streams(acme: FileAccount) -> None:  # 80, 84
    acme.refresh(playlist_of(*many("Sports", 50), *many("Movies", 100), *many("News", 30)))
    acme.refresh(playlist_of(*many("Sports", 60), *many("News", 25), *many("Kids", 20)))
    assert news() == {
        ("group_added", "Kids", 20),
        ("group_removed", "Movies", 100),
        ("streams_added", "Sports", 10),
        ("streams_removed", "News", 5),
    }
    assert list(ChangeBatch.objects.order_by("pk").values_list("total_streams", flat=True)) == [180, 105]
    found = summarise(ChangeFilter(with_baseline=False))
    assert (found.of("group_added"), found.of("group_removed"), found.of("streams_added"), found.of("streams_removed")) == (
        1,
        1,
        10,
        5,
    )
    assert found.rows == 4


@pytest.mark.parametrize(
    ("before", "after", "added", "removed"),
    [
        ("abc", "abd", 1, 1),  # 81
        ("abc", "defghijk", 8, 3),  # 82
        ("abc", "abc", 0, 0),
        ("abc", "ab", 0, 1),
    ],
)
def test_streams_are_compared_by_identity_not_by_number(
    acme: FileAccount, before: str, after: str, added: int, removed: int
) -> None:
    acme.set(shrink_guard_percent=0)
    acme.refresh(playlist_of(*before, group="Sports"))
    acme.refresh(playlist_of(*after, group="Sports"))
    counts = {kind: count for kind, _, count in news()}
    assert (counts.get("streams_added", 0), counts.get("streams_removed", 0)) == (added, removed)
    assert len(listed(StreamChangeKind.ADDED)) == added
    assert listed(StreamChangeKind.REMOVED) == sorted(set(before) - set(after))


def test_a_new_name_of_the_same_stream_is_a_rename(acme: FileAccount) -> None:  # 83
    acme.refresh(playlist_of("ESPN", "Fox"))
    acme.refresh(playlist_of("ESPN", "Fox").replace(",ESPN\n", ",ESPN HD\n"))
    assert news() == {("streams_renamed", "G", 1)}
    row = StreamChange.objects.get()
    assert (row.before, row.name, row.stream_id) == ("ESPN", "ESPN HD", Stream.objects.get(name="ESPN HD").pk)


def test_the_cards_of_a_first_look(acme: FileAccount) -> None:  # 85
    acme.refresh(playlist_of(*many("A", 39), *many("B", 1)))
    Change.objects.filter(change_type="streams_added").exclude(group_name="A").delete()
    found = summarise(ChangeFilter())
    assert [found.of(kind) for kind in ("group_added", "group_removed", "streams_added", "streams_removed")] == [2, 0, 40, 0]


def test_a_moved_stream_is_no_add_and_no_remove(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B", "C", "X@Other"))
    acme.refresh(playlist_of("A", "B", "C@Other", "X@Other"))
    assert news() == {("streams_moved", "Other", 1)}
    assert StreamChange.objects.values_list("before", "after").get() == ("G", "Other")


def test_a_refresh_without_a_change_records_the_refresh_only(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B"))
    before = Change.objects.count()
    acme.refresh()
    assert (Change.objects.count(), ChangeBatch.objects.count()) == (before, 2)
    assert ChangeBatch.objects.filter(summarised=False).count() == 0


def test_other_attributes_are_no_change_worth_a_row(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B"))
    acme.refresh(playlist_of("A", "B").replace("A.id", "A.new"))
    assert news() == set()


def test_what_comes_back_is_said_to_come_back(acme: FileAccount) -> None:
    acme.set(shrink_guard_percent=0)
    acme.refresh(playlist_of("A", "B", "C@Old"))
    acme.refresh(playlist_of("A"))
    Change.objects.all().delete()
    acme.refresh(playlist_of("A", "B", "C@Old"))
    assert news() == {("streams_added", "G", 1), ("group_added", "Old", 1)}
    assert listed(StreamChangeKind.RETURNED) == ["B", "C"]


def test_a_group_that_the_operator_switches_on_is_nothing_new_of_the_provider(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "X@Films", "Y@Films"))
    StreamGroup.objects.filter(name="Films").update(enabled=False)
    acme.refresh()
    assert news() == set()
    StreamGroup.objects.filter(name="Films").update(enabled=True)
    acme.refresh()
    assert news() == set()
    assert ("streams_added", "Films", 2) in rows(baseline=True)


def test_more_streams_than_are_listed_are_counted(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_LISTED", 3)
    acme.refresh(playlist_of("A"))
    acme.refresh(playlist_of("A", *many("G", 10)))
    assert news() == {("streams_added", "G", 10)}
    assert len(listed(StreamChangeKind.ADDED)) == 3


def test_totals_agree_with_the_changes(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B", "C@Old"))
    acme.refresh(playlist_of("A", "D", "E@New"))
    for kind in ChangeType.values:
        changes = Change.objects.filter(change_type=kind)
        totals = ChangeTotal.objects.filter(change_type=kind)
        assert sum(totals.values_list("rows", flat=True)) == changes.count()
        assert sum(totals.values_list("streams", flat=True)) == sum(changes.values_list("count", flat=True))


def test_snapshots_tell_the_groups_and_only_the_newest_are_kept(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "SNAPSHOTS_KEPT", 2)
    acme.refresh(playlist_of("A", "B", "X@Off"))
    StreamGroup.objects.filter(name="Off").update(enabled=False)
    for _ in range(3):
        acme.refresh()
    packed = [read_snapshot(batch) for batch in ChangeBatch.objects.order_by("pk")]
    assert packed[:2] == [[], []]
    assert sorted(packed[3]) == [("G", True, 2), ("Off", False, 0)]


def test_old_changes_go_and_the_newest_refresh_stays(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B"))
    acme.refresh(playlist_of("A", "C"))
    long_ago = timezone.now() - timedelta(days=200)
    for model in (Change, ChangeBatch, ChangeTotal):
        model.objects.update(at=long_ago)
    cutoff = timezone.now() - timedelta(days=180)
    assert count_older(cutoff) == Change.objects.count() > 0
    forget_older(cutoff)
    assert ChangeBatch.objects.count() == 1
    acme.refresh(playlist_of("A", "C", "D"))
    assert ("streams_added", "G", 1) in news()  # not taken for a first look


def test_changes_of_one_account_leave_those_of_others(acme: FileAccount, file_account: FileAccounts) -> None:
    other = file_account("Other")
    for account in (acme, other):
        account.refresh(playlist_of("A"))
        account.refresh(playlist_of("A", "B"))
    forget_account(acme.account.pk)
    assert set(ChangeBatch.objects.values_list("account_id", flat=True)) == {other.account.pk}
    delete_account(other.account.pk)
    assert not ChangeBatch.objects.exists()
    assert not StreamChange.objects.exists()


def test_the_search_index_forgets_what_is_deleted(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A"))
    acme.refresh(playlist_of("A", "Zebra@Zoo"))
    wanted = ChangeFilter(text="zebra")
    assert wanted.changes().count() == 1
    Change.objects.all().delete()
    acme.refresh(playlist_of("A", "Zebra@Zoo", "Lion@Zoo"))
    assert ChangeFilter(text="lion").changes().count() == 1
    assert wanted.changes().count() == 0


def test_the_command_prints_sentences_and_json(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A"))
    acme.refresh(playlist_of("A", "B"))
    said = StringIO()
    call_command("changes", "--account", "Acme", "--since", "24h", "--json", stdout=said)
    found = json.loads(said.getvalue())
    assert found["summary"]["streams_added"] == 2  # the first look's and the new one
    assert [item["stream_names"] for item in found["changes"] if not item["baseline"]] == [["B"]]
    said = StringIO()
    call_command("changes", "--type", "streams_added", stdout=said)
    assert "Streams added: G (1)" in said.getvalue()
    for wrong in (["--account", "Nobody"], ["--since", "whenever"], ["--since", "2026-99-99"]):
        with pytest.raises(CommandError):
            call_command("changes", *wrong)
