"""30 §3.1: fetching, judging, errors in words, retries; the old guide stays whatever comes."""

import gzip
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from epg_app.importing.errors import GuideError
from epg_app.importing.guide_file import CachedGuide
from epg_app.importing.judge import HeldBack
from epg_app.models import GuideSource, Programme
from epg_app.refresh_source import refresh_source
from epg_app.source_lock import SourceBusy, source_lock
from epg_app.source_state import heal_interrupted
from epg_app.tests.fake_guide_server import GuideServer, guide_server
from epg_app.tests.reading import channel, programme, tv
from epg_app.tests.samples import FileGuide, guide_of, make_source, soon, xmltv_time
from tasks_app.models import JournalEntry
from tasks_app.progress import Cancelled, NoProgress

GUIDE = guide_of({"a": ["A1", "A2"], "b": ["B1"]})


@pytest.fixture
def server() -> Iterator[GuideServer]:
    with guide_server() as server:
        server.body = GUIDE.encode()
        yield server


@pytest.fixture
def source(db: None, server: GuideServer) -> GuideSource:
    return make_source(url=server.url, keep_unmapped=True, username="alice", password="s3cret-pass")


def refresh(source: GuideSource, **options: Any) -> Any:
    report = refresh_source(source.pk, progress=options.pop("progress", NoProgress()), **options)
    source.refresh_from_db()
    return report


def failed(source: GuideSource) -> str:
    with pytest.raises(GuideError):
        refresh(source)
    source.refresh_from_db()
    assert source.status == "error"
    return source.last_message


def titles() -> list[str]:
    return list(Programme.objects.order_by("entry__tvg_id", "start").values_list("title", flat=True))


def test_a_guide_is_fetched_with_login_and_kept_as_it_came(source: GuideSource, server: GuideServer) -> None:
    server.body = gzip.compress(GUIDE.encode())
    report = refresh(source)
    assert report.programmes == 3
    assert server.requests[0]["authorization"].startswith("Basic ")
    assert CachedGuide(source.pk).path.read_bytes() == server.body
    assert not CachedGuide(source.pk).candidate.exists()
    assert (source.status, source.retry_at) == ("success", None)
    assert source.last_success_at is not None


def test_a_guide_that_did_not_change_is_not_sent_again(source: GuideSource, server: GuideServer) -> None:
    server.headers = {"ETag": '"v1"'}
    refresh(source)
    written = titles()
    report = refresh(source)
    assert report.not_modified
    assert server.requests[1]["if-none-match"] == '"v1"'
    assert source.last_message.startswith("Not changed")
    assert titles() == written


def test_not_modified_is_no_excuse_for_not_reading_it_differently(source: GuideSource, server: GuideServer) -> None:
    server.headers = {"ETag": '"v1"'}
    refresh(source)
    starts = list(Programme.objects.order_by("title").values_list("start", flat=True))
    GuideSource.objects.update(time_shift_minutes=60)
    report = refresh(source)
    assert not report.not_modified
    later = [start + timedelta(hours=1) for start in starts]
    assert list(Programme.objects.order_by("title").values_list("start", flat=True)) == later


@pytest.mark.parametrize(
    ("status", "words", "again"),
    [
        (404, "404", False),
        (401, "password", False),
        (403, "403", False),
        (429, "too many", True),
        (500, "500", True),
        (503, "503", True),
    ],
)
def test_what_a_server_refuses_is_said_in_words_and_the_old_guide_stays(
    source: GuideSource, server: GuideServer, status: int, words: str, again: bool
) -> None:
    refresh(source)
    before = titles()
    server.status = status
    message = failed(source)
    assert words in message
    assert titles() == before
    assert (source.retry_at is not None) is again
    server.status = 200
    refresh(source)
    assert source.status == "success"


def test_passing_errors_are_tried_again_after_1_5_and_15_minutes_and_then_no_more(
    source: GuideSource, server: GuideServer
) -> None:
    server.status = 503
    waits = []
    for _ in range(4):
        failed(source)
        waits.append(source.retry_at and round((source.retry_at - timezone.now()) / timedelta(minutes=1)))
    assert waits == [1, 5, 15, None]
    failed(source)
    assert source.retry_at is not None  # the next round begins anew


def test_the_server_may_ask_for_a_longer_wait(source: GuideSource, server: GuideServer) -> None:
    server.status, server.headers = 429, {"Retry-After": "1800"}
    failed(source)
    assert source.retry_at is not None
    assert source.retry_at - timezone.now() > timedelta(minutes=29)


def test_a_web_page_is_recognised_and_named(source: GuideSource, server: GuideServer) -> None:
    refresh(source)
    server.body = b"<!doctype html><title>Login"
    assert "web page “Login”" in failed(source)
    assert titles() == ["A1", "A2", "B1"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"#EXTM3U\n", "No channels were found"),
        (b"<tv></tv>", "No channels were found"),
        (tv(channel()).encode(), "no programmes at all"),
        (gzip.compress(b"<tv>")[:12], "No channels"),
    ],
)
def test_a_file_that_is_no_guide_never_replaces_one(source: GuideSource, server: GuideServer, body: bytes, words: str) -> None:
    refresh(source)
    server.body = body
    assert words in failed(source)
    assert titles() == ["A1", "A2", "B1"]
    assert CachedGuide(source.pk).path.read_bytes() == GUIDE.encode()


def test_nobody_there_is_a_passing_error(source: GuideSource) -> None:
    GuideSource.objects.update(url="http://127.0.0.1:9/guide.xml")
    source.refresh_from_db()
    assert failed(source)
    assert source.retry_at is not None


def test_no_secret_is_seen_in_message_or_journal(source: GuideSource, server: GuideServer) -> None:
    GuideSource.objects.update(url=server.url.replace("guide.xml", "xmltv.php?username=alice&password=s3cret-pass"))
    source.refresh_from_db()
    server.status = 404
    message = failed(source)
    said = message + " ".join(f"{entry.description} {entry.after_value}" for entry in JournalEntry.objects.all())
    assert "s3cret" not in said
    assert "alice" not in said


def big(count: int, *, broken: bool = False) -> str:
    lines = [programme(xmltv_time(soon(number / 60)), None, f"<title>{number}</title>") for number in range(count)]
    document = tv(channel(), *lines)
    return document.replace("</tv>", "") if broken else document


def test_a_damaged_guide_with_most_of_the_programmes_is_taken_with_a_warning(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(big(100))
    report = guide.refresh(big(80, broken=True))
    assert report.programmes == 80
    assert "damaged at line 85" in report.warnings[0]
    assert guide.now().status == "success"
    assert "damaged" in guide.source.last_message


def test_a_damaged_guide_with_far_fewer_programmes_is_refused(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(big(100))
    with pytest.raises(GuideError, match="only 79 programmes could be read, 100 were there"):
        guide.refresh(big(79, broken=True))
    assert len(guide.titles()) == 100
    assert guide.now().status == "error"


def test_a_damaged_guide_is_better_than_none(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    assert guide.refresh(big(10, broken=True)).programmes == 10


def test_a_sharply_smaller_guide_waits_for_a_yes(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(big(1000))
    with pytest.raises(HeldBack):
        guide.refresh(big(499))
    assert guide.now().held_back == {"before": 1000, "after": 499}
    assert len(guide.titles()) == 1000
    report = guide.refresh(accept_smaller=True)
    assert report.programmes == 499
    assert guide.now().held_back == {}
    assert guide.refresh(big(400)).programmes == 400


def test_a_small_guide_may_shrink(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(big(999))
    assert guide.refresh(big(3)).programmes == 3


def test_a_missing_file_is_said_in_words(guide: FileGuide) -> None:
    with pytest.raises(GuideError, match=r"Guide\.xml is not there"):
        guide.refresh()


def test_a_source_that_is_off_is_not_refreshed(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(is_active=False, status="disabled")
    with pytest.raises(GuideError, match="switched off"):
        guide.refresh(GUIDE)
    assert guide.now().status == "disabled"


def test_two_refreshes_of_one_source_never_meet(guide: FileGuide) -> None:
    with source_lock(guide.source.pk), pytest.raises(SourceBusy):
        guide.refresh(GUIDE)
    guide.refresh(GUIDE)


def test_a_cancel_while_downloading_keeps_the_old_guide(source: GuideSource, server: GuideServer) -> None:
    refresh(source)
    server.body = guide_of({"a": ["x" * 900] * 2000}).encode()
    server.pause = 0.05

    class Impatient(NoProgress):
        def raise_if_cancelled(self) -> None:
            if server.asked == 2:
                raise Cancelled

    with pytest.raises(Cancelled):
        refresh(source, progress=Impatient())
    source.refresh_from_db()
    assert source.status == "success"
    assert titles() == ["A1", "A2", "B1"]


def test_a_row_that_a_killed_process_left_busy_is_closed(guide: FileGuide) -> None:
    guide.refresh(GUIDE)
    GuideSource.objects.update(status="parsing")
    with source_lock(guide.source.pk):
        assert heal_interrupted() == []  # somebody does work on it
    assert heal_interrupted() == [guide.source.pk]
    assert guide.now().status == "error"
    assert "did not finish" in guide.source.last_message


def test_an_unexpected_error_leaves_no_busy_row(guide: FileGuide, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("epg_app.refresh_source.import_guide", broken)
    with pytest.raises(ZeroDivisionError):
        guide.refresh(GUIDE)
    assert guide.now().status == "error"
    assert "error in the program" in guide.source.last_message


def test_a_refresh_leaves_a_journal_entry_with_counts(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(GUIDE)
    entry = JournalEntry.objects.get(category="epg", action_type="refresh")
    assert entry.after_value is not None
    assert {key: entry.after_value[key] for key in ("entries", "programmes", "written", "skipped")} == {
        "entries": 2,
        "programmes": 3,
        "written": 3,
        "skipped": 0,
    }
    guide.refresh()
    assert JournalEntry.objects.count() == 1  # an unchanged guide is no news


def test_nothing_is_left_in_the_folders(source: GuideSource, server: GuideServer) -> None:
    refresh(source)
    server.body = b"rubbish"
    failed(source)
    names = {path.name for path in Path(settings.SOURCE_CACHE_DIR).glob(f"*guide-{source.pk}.*")}
    assert names == {f"guide-{source.pk}.xmltv", f"guide-{source.pk}.lock"}
    assert not list(Path(settings.TEMP_DIR).glob("guide-spool*"))
