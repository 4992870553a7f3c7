"""Streams that only look new keep their rows: new logins, servers, numbers, names (20 §3.7, §23 reconnect)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from m3u_app.changes.models import Change, ChangeType, StreamChange, StreamChangeKind
from m3u_app.importing.addresses import split_address
from m3u_app.models import Stream, StreamGroup
from m3u_app.tests.refreshing import FileAccount, assert_adds_up

HOST = "http://line.example:8080"


def playlist(*entries: tuple[str, str, str], group: str = "G") -> str:
    """Entries (name, address, guide id); "name@group" puts one into another group."""
    lines = ["#EXTM3U"]
    for name, url, tvg_id in entries:
        shown, _, where = name.partition("@")
        lines += [f'#EXTINF:-1 tvg-id="{tvg_id}" group-title="{where or group}",{shown}', url]
    return "\n".join(lines) + "\n"


def rows() -> dict[str, int]:
    return dict(Stream.objects.filter(is_stale=False).values_list("name", "pk"))


def reseller(login: str, *names: str, host: str = HOST) -> str:
    return playlist(*((name, f"{host}/live/{login}/{100 + number}.ts", "") for number, name in enumerate(names)))


NAMES = ("ESPN", "ESPN HD", "Fox", "CNN", "BBC One", "BBC Two")


@pytest.mark.parametrize(
    ("login", "host"), [("new/pass", HOST), ("user/pass", "https://other.example/base"), ("a/b", "http://10.0.0.1")]
)
def test_a_new_login_or_server_keeps_every_row(acme: FileAccount, login: str, host: str) -> None:
    acme.refresh(reseller("user/pass", *NAMES))
    before = rows()
    report = acme.refresh(reseller(login, *NAMES, host=host))
    assert_adds_up(report)
    assert rows() == before
    assert (report.created, report.reconnected, report.stale) == (0, 6, 0)
    assert set(Change.objects.filter(baseline=False).values_list("change_type", "count")) == {("streams_new_url", 6)}
    assert "user/pass" not in "".join(StreamChange.objects.values_list("before", flat=True))  # masked


def test_who_was_renamed_while_the_login_changed_follows_the_others_of_the_same_door(acme: FileAccount) -> None:
    acme.refresh(reseller("user/pass", *NAMES))
    row = Stream.objects.get(name="CNN").pk
    acme.refresh(reseller("new/pass", *(name.replace("CNN", "Cable News [VIP]") for name in NAMES)))
    assert Stream.objects.get(pk=row).name == "Cable News [VIP]"
    assert Stream.objects.count() == 6


def with_token(token: str, *names: str) -> str:
    """Addresses as of resellers that hand out a new token every day."""
    return playlist(
        *((name, f"{HOST}/live/user/pass/{100 + number}.ts?token={token}", "") for number, name in enumerate(names))
    )


def test_who_was_renamed_while_only_the_token_changed_keeps_the_row(acme: FileAccount) -> None:
    acme.refresh(with_token("monday", *NAMES))
    row = Stream.objects.get(name="CNN").pk
    report = acme.refresh(with_token("tuesday", *(name.replace("CNN", "Cable News [VIP]") for name in NAMES)))
    assert Stream.objects.get(pk=row).name == "Cable News [VIP]"
    assert (report.created, report.stale) == (0, 0)


def test_two_new_tokens_prove_nothing_about_a_third(acme: FileAccount) -> None:
    acme.refresh(with_token("monday", "A", "B", "C"))
    acme.refresh(with_token("tuesday", "A", "B", "Quite another"))
    assert Stream.objects.get(name="C").is_stale
    assert Stream.objects.count() == 4


def test_two_that_move_prove_no_door(acme: FileAccount) -> None:
    """The same number on another server means nothing by itself."""
    acme.refresh(reseller("user/pass", "A", "B", "C"))
    acme.refresh(reseller("new/pass", "A", "B", "Quite another"))
    assert Stream.objects.get(name="C").is_stale
    assert Stream.objects.count() == 4


def test_a_new_stream_number_keeps_the_row_when_name_group_and_guide_id_stay(acme: FileAccount) -> None:
    acme.refresh(playlist(("ESPN", f"{HOST}/live/u/p/1.ts", "espn.us"), ("Fox", f"{HOST}/live/u/p/2.ts", "")))
    before = rows()
    report = acme.refresh(playlist(("ESPN", f"{HOST}/live/u/p/901.ts", "espn.us"), ("Fox", f"{HOST}/live/u/p/902.ts", "")))
    assert (rows(), report.reconnected) == (before, 2)
    changes = StreamChange.objects.filter(kind=StreamChangeKind.NEW_ID).order_by("id")
    assert [(row.name, row.before, row.after) for row in changes] == [("ESPN", "1", "901"), ("Fox", "2", "902")]


@pytest.mark.parametrize(
    ("old", "new", "keeps"),
    [
        (("ESPN", "http://a/1", "espn.us"), ("ESPN", "http://b/2", "espn.us"), True),
        (("ESPN", "http://a/1", ""), ("ESPN", "http://b/2", ""), True),
        (("ESPN", "http://a/1", "old"), ("ESPN", "http://b/2", "new"), True),
        (("ESPN", "http://a/1", "espn.us"), ("ESPN@Elsewhere", "http://b/2", "espn.us"), True),
        (("ESPN", "http://a/1", ""), ("ESPN@Elsewhere", "http://b/2", ""), False),
        (("US: ESPN", "http://a/1", ""), ("us - espn", "http://b/2", ""), True),
        (("ESPN ᴴᴰ", "http://a/1", "x"), ("ESPN HD", "http://b/2", "x"), True),
        (("ESPN HD", "http://a/1", "espn.us"), ("ESPN FHD", "http://b/2", "espn.us"), False),
        (("ESPN", "http://a/1", "espn.us"), ("ESPN 2", "http://b/2", "espn.us"), False),
        (("A", "http://a/x/index.m3u8", ""), ("B", "http://b/x/index.m3u8", ""), False),
        (("A", "http://a/x/index.m3u8?token=1", ""), ("A@Elsewhere", "http://b/x/index.m3u8?token=2", ""), True),
    ],
)
def test_the_steps_from_sure_to_likely(
    acme: FileAccount, old: tuple[str, str, str], new: tuple[str, str, str], keeps: bool
) -> None:
    acme.refresh(playlist(old, ("Stays", "http://a/stays", "")))
    row = Stream.objects.exclude(name="Stays").get().pk
    report = acme.refresh(playlist(new, ("Stays", "http://a/stays", "")))
    assert_adds_up(report)
    stream = Stream.objects.get(pk=row)
    assert (stream.url == new[1], stream.is_stale) == (keeps, not keeps)


def test_equal_names_are_not_guessed_at(acme: FileAccount) -> None:
    acme.refresh(playlist(("ESPN", "http://a/1", ""), ("ESPN", "http://a/2", ""), ("Z", "http://a/z", "")))
    report = acme.refresh(playlist(("ESPN", "http://b/7", ""), ("Z", "http://a/z", "")))
    assert (report.reconnected, report.created, report.stale) == (0, 1, 2)


def test_equal_streams_with_a_guide_id_are_paired_in_their_order(acme: FileAccount) -> None:
    acme.refresh(playlist(*(("ESPN", f"http://a/{number}", "espn.us") for number in range(3)), ("Z", "http://a/z", "")))
    before = list(Stream.objects.order_by("pk").values_list("pk", flat=True))
    acme.refresh(playlist(*(("ESPN", f"http://b/{number}", "espn.us") for number in range(3)), ("Z", "http://a/z", "")))
    assert list(Stream.objects.order_by("pk").values_list("pk", "url"))[:3] == [
        (pk, f"http://b/{number}") for number, pk in enumerate(before[:3])
    ]


def test_a_stream_that_comes_back_under_another_number_is_the_same_row(acme: FileAccount) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    both = (("ESPN", f"{HOST}/live/u/p/1.ts", "espn.us"), ("Fox", f"{HOST}/live/u/p/2.ts", ""))
    with time_machine.travel(start, tick=False):
        acme.refresh(playlist(*both))
        row = Stream.objects.get(name="ESPN").pk
    with time_machine.travel(start + timedelta(days=1), tick=False):
        acme.refresh(playlist(both[1]))
    with time_machine.travel(start + timedelta(days=3), tick=False):
        acme.refresh(playlist(("ESPN", f"{HOST}/live/u/p/77.ts", "espn.us"), both[1]))
    stream = Stream.objects.get(pk=row)
    assert (stream.is_stale, stream.url, stream.last_seen) == (False, f"{HOST}/live/u/p/77.ts", None)
    kinds = list(StreamChange.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == [StreamChangeKind.REMOVED, StreamChangeKind.RETURNED]


def test_another_choice_of_identity_loses_nothing(acme: FileAccount) -> None:
    acme.refresh(reseller("user/pass", *NAMES))
    before = rows()
    acme.set(identity_fields=["name"])
    report = acme.refresh()
    assert (rows(), report.created, report.updated) == (before, 0, 0)
    assert acme.refresh(reseller("user/pass", *NAMES)).unchanged == 6


def test_a_renamed_group_keeps_its_row_and_settings(acme: FileAccount) -> None:
    acme.refresh(playlist(("A@Sports", "http://a/1", ""), ("B@Sports", "http://a/2", ""), ("C@News", "http://a/3", "")))
    group = StreamGroup.objects.get(name="Sports")
    report = acme.refresh(
        playlist(("A@US Sports", "http://a/1", ""), ("B@US Sports", "http://a/2", ""), ("N@US Sports", "http://a/9", ""),
                 ("C@News", "http://a/3", ""))
    )  # fmt: skip
    group.refresh_from_db()
    assert (group.name, group.stream_count, report.groups_renamed, report.groups_new) == (
        "US Sports",
        3,
        [("Sports", "US Sports")],
        0,
    )
    found = {(change.change_type, change.group_name, change.former_name) for change in Change.objects.filter(baseline=False)}
    assert found == {("group_renamed", "US Sports", "Sports"), ("streams_added", "US Sports", "")}


def test_a_renamed_group_stays_on_although_new_groups_start_off(acme: FileAccount) -> None:
    acme.refresh(playlist(("A@Sports", "http://a/1", ""), ("B@Sports", "http://a/2", "")))
    acme.set(auto_enable_new_groups=False)
    report = acme.refresh(playlist(("A@Sport", "http://a/1", ""), ("B@Sport", "http://a/2", "")))
    assert_adds_up(report)
    assert StreamGroup.objects.get(name="Sport").enabled
    assert Stream.objects.filter(is_stale=False).count() == 2


def test_a_group_that_only_lost_some_streams_to_a_new_one_is_not_renamed(acme: FileAccount) -> None:
    acme.refresh(playlist(*((f"S{n}@Sports", f"http://a/{n}", "") for n in range(10))))
    acme.refresh(playlist(*((f"S{n}@{'More' if n < 6 else 'Sports'}", f"http://a/{n}", "") for n in range(10))))
    assert set(StreamGroup.objects.values_list("name", "stream_count")) == {("Sports", 4), ("More", 6)}
    assert Change.objects.get(change_type=ChangeType.STREAMS_MOVED).count == 6
    assert not Change.objects.filter(change_type=ChangeType.GROUP_RENAMED).exists()


def test_two_groups_that_swap_their_names_keep_their_streams(acme: FileAccount) -> None:
    acme.refresh(playlist(("A@X", "http://a/1", ""), ("B@Y", "http://a/2", "")))
    before = rows()
    acme.refresh(playlist(("A@Y", "http://a/1", ""), ("B@X", "http://a/2", "")))
    assert rows() == before


@pytest.mark.parametrize(
    ("url", "door", "rest", "number"),
    [
        ("http://h:80/live/u/p/12.ts", "http://h:80/u/p", "live/12", "12"),
        ("http://h/u/p/12", "http://h/u/p", "live/12", "12"),
        ("http://h/srv1/live/u/p/12.m3u8", "http://h/srv1/u/p", "live/12", "12"),
        ("http://h/movie/u/p/7.mkv", "http://h/u/p", "movie/7", "7"),
        ("http://h/a/b.m3u8", "http://h", "/a/b.m3u8", ""),
        ("http://h/a.m3u8?token=x&ch=5", "http://h?token=x", "/a.m3u8?ch=5", ""),
        ("http://u:p@h/a", "http://u:p@h", "/a", ""),
        ("http://h/0123456789abcdef0123456789abcdef/x.ts", "http://h", "/*/x.ts", ""),
        ("rtp://239.0.0.1:1234", "rtp://239.0.0.1:1234", "", ""),
        ("no address", "", "no address", ""),
    ],
)
def test_an_address_is_split_into_door_and_rest(url: str, door: str, rest: str, number: str) -> None:
    assert split_address(url) == (door, rest, number)


def test_a_killed_refresh_leaves_its_notes_and_the_next_one_sums_them_up(
    acme: FileAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    from m3u_app.importing import import_source, merge_streams

    acme.refresh(playlist(("A", "http://a/1", ""), ("B", "http://a/2", "")))
    fine: Callable[..., object] = merge_streams.mark_missing

    def dies(*args: object, **values: object) -> None:
        fine(*args, **values)
        raise MemoryError

    monkeypatch.setattr(import_source, "mark_missing", dies)
    with pytest.raises(MemoryError):
        acme.refresh(playlist(("A plus", "http://a/1", ""), ("C", "http://a/3", "")))
    assert not Change.objects.filter(baseline=False).exists()
    monkeypatch.undo()
    acme.refresh()
    found = set(Change.objects.filter(baseline=False).values_list("change_type", "count"))
    assert found == {("streams_renamed", 1), ("streams_removed", 1), ("streams_added", 1)}
