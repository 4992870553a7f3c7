"""Settings → Maintenance: state, storage, log, names that have to wait (50 §5.4, §11.1, §11.3, U-10)."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from ecm_site import sign_in_limits
from ecm_site.conf import get_settings
from ecm_site.models import Outcome, SignInAttempt
from ecm_site.sign_in_limits import waiting_addresses, waiting_names
from ecm_site.storage import storage
from tasks_app.models import JournalEntry, WorkerBeat

PAGE = "/settings/maintenance/"
LOG = "/settings/maintenance/log/"


@pytest.fixture(autouse=True)
def folders(settings: object, tmp_path: Path) -> Path:
    settings.CONFIG_DIR = tmp_path
    settings.LOG_DIR = tmp_path / "logs"
    settings.LOG_DIR.mkdir()
    return tmp_path


def text_of(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def write_log(folder: Path, *lines: dict[str, str]) -> None:
    with (folder / "logs/ecm.log").open("a") as file:
        for number, line in enumerate(lines):
            filled = {
                "level": "INFO",
                "logger": "ecm.test",
                "trace_id": "-",
                "ts": f"2026-03-01T10:00:{number % 60:02}.000Z",
            } | line
            file.write(json.dumps(filled, ensure_ascii=False) + "\n")


def fail(name: str, times: int, *, address: str = "192.0.2.7", ago: timedelta = timedelta(minutes=2)) -> None:
    at = timezone.now() - ago
    SignInAttempt.objects.bulk_create(
        SignInAttempt(at=at, name=name, address=address, outcome=Outcome.FAILED) for _ in range(times)
    )


def test_the_page_says_what_is_wrong_and_what_to_do(signed_in: Client) -> None:
    html = text_of(signed_in)
    assert "Nothing was heard from it for three minutes" in html
    WorkerBeat.objects.create(worker="here:1", seen_at=timezone.now())
    html = text_of(signed_in)
    assert "Nothing was heard" not in html
    assert "up to date" in html


def test_storage_adds_up_folders_and_databases(folders: Path, settings: object, db: None) -> None:
    settings.UPLOAD_DIR = folders / "uploads"
    (settings.UPLOAD_DIR / "logos").mkdir(parents=True)
    (settings.UPLOAD_DIR / "a.m3u").write_bytes(b"x" * 1000)
    (settings.UPLOAD_DIR / "logos/b.png").write_bytes(b"x" * 500)
    (settings.UPLOAD_DIR / "logos/loop").symlink_to(settings.UPLOAD_DIR)
    found = storage()
    rooms = {room.title: room for room in found.rooms}
    assert 1500 <= rooms["Uploaded files"].bytes < 1700
    assert rooms["Database"].bytes > 100_000
    assert found.total == sum(room.bytes for room in found.rooms)
    assert found.free > 0


def test_the_log_level_is_saved_and_journalled(signed_in: Client) -> None:
    assert signed_in.post(PAGE, {"backend_log_level": "DEBUG", "task_tick_seconds": "60"}).status_code == 302
    assert get_settings().backend_log_level == "DEBUG"
    assert JournalEntry.objects.get(category="settings").after_value == {"backend_log_level": "DEBUG"}
    assert signed_in.post(PAGE, {"backend_log_level": "LOUD", "task_tick_seconds": "60"}).status_code == 422


def test_the_log_shows_the_newest_first_in_the_operators_zone_and_harmless(signed_in: Client, folders: Path) -> None:
    write_log(
        folders, {"msg": "earlier words"}, {"msg": "<script>alert(1)</script>", "level": "ERROR", "exception": "Trace\nback"}
    )
    from ecm_site.conf import save_settings

    save_settings(time_zone="Asia/Tokyo")
    html = text_of(signed_in, LOG)
    assert html.index("&lt;script&gt;") < html.index("earlier words")
    assert "<script>alert" not in html
    assert "03-01 19:00:00" in html
    assert "<pre>Trace\nback</pre>" in html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"one", "two", "thr“ee"}),
        ("?level=WARNING", {"two", "thr“ee"}),
        ("?level=ERROR", {"thr“ee"}),
        ("?q=ONE", {"one"}),
        ("?q=trace-7", {"two"}),
        ("?q=thr“", {"thr“ee"}),
        ("?level=LOUD&lines=7", {"one", "two", "thr“ee"}),
    ],
)
def test_the_log_can_be_narrowed(signed_in: Client, folders: Path, query: str, shown: set[str]) -> None:
    write_log(
        folders, {"msg": "one"}, {"msg": "two", "level": "WARNING", "trace_id": "trace-7"}, {"msg": "thr“ee", "level": "ERROR"}
    )
    assert {line.text for line in signed_in.get(LOG + query).context["lines"]} == shown


def test_an_empty_log_says_so(signed_in: Client, folders: Path) -> None:
    assert "Nothing was logged yet" in text_of(signed_in, LOG)
    assert "No line fits" in text_of(signed_in, LOG + "?q=x")


def test_the_download_holds_the_newest_ten_thousand_lines(signed_in: Client, folders: Path) -> None:
    write_log(folders, *({"msg": f"line {number}"} for number in range(10_003)))
    answer = signed_in.get(LOG + "download/")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 10_000
    assert json.loads(lines[0])["msg"] == "line 3"
    assert answer["Content-Disposition"].endswith('.jsonl"')


def test_names_that_wait_are_shown_and_let_in(signed_in: Client) -> None:
    fail("bob", 9)
    assert "bob" not in text_of(signed_in)
    fail("bob", 1, address="198.51.100.1")
    html = text_of(signed_in)
    assert "192.0.2.7, 198.51.100.1" in html
    assert signed_in.post(PAGE + "unlock/", {"name": "bob"})["Location"] == PAGE
    assert "bob" not in text_of(signed_in).split("may sign in again")[-1]
    assert waiting_names() == []
    entry = JournalEntry.objects.get(category="auth", action_type="unlock")
    assert (entry.entity_name, entry.user_name) == ("bob", "alice")


@pytest.mark.parametrize("name", ["", "x" * 200])
def test_letting_in_nobody_is_said(signed_in: Client, name: str) -> None:
    answer = signed_in.post(PAGE + "unlock/", {"name": name}, follow=True)
    assert "There is no name to let in" in answer.content.decode()


def test_waiting_ends_by_itself_and_looking_costs_the_same_for_many(db: None, django_assert_max_num_queries: object) -> None:
    fail("gone", 10, ago=sign_in_limits.NAME_WAIT + timedelta(seconds=1))
    assert waiting_names() == []
    for number in range(120):
        fail(f"name-{number}", 10)
    with django_assert_max_num_queries(1 + 2 * sign_in_limits.SHOWN):
        assert len(waiting_names()) == sign_in_limits.SHOWN


def test_an_address_that_used_up_its_minute_is_shown_until_it_is_free(db: None) -> None:
    moment = datetime(2026, 3, 1, 10, tzinfo=UTC)
    SignInAttempt.objects.bulk_create(
        SignInAttempt(at=moment + timedelta(seconds=number), name=f"n{number}", address="192.0.2.9") for number in range(5)
    )
    (waiting,) = waiting_addresses(moment + timedelta(seconds=10))
    assert (waiting.who, waiting.until) == ("192.0.2.9", moment + timedelta(minutes=1))
    assert waiting_addresses(moment + timedelta(seconds=61)) == []


def test_unlock_user_tells_how_much_it_forgot_and_is_journalled(db: None) -> None:
    fail("bob", 10)
    out = StringIO()
    call_command("unlock_user", "Bob", stdout=out)
    assert out.getvalue() == "Forgot 10 failed sign-ins of Bob.\n"
    assert JournalEntry.objects.get(action_type="unlock").user_name == "command line"
    call_command("unlock_user", "nobody", stdout=out)
    assert JournalEntry.objects.filter(action_type="unlock").count() == 1


@pytest.mark.parametrize("path", [LOG, LOG + "download/"])
def test_the_log_is_for_administrators(client: Client, db: None, path: str) -> None:
    client.force_login(User.objects.create_user("bob"))
    assert client.get(path).status_code == 403
    fail("carol", 10)
    html = text_of(client)
    assert "carol" not in html
    assert ">Save<" not in html
    assert client.post(PAGE, {"backend_log_level": "DEBUG"}).status_code == 403
    assert client.post(PAGE + "unlock/", {"name": "carol"}).status_code == 403
    assert len(waiting_names()) == 1
