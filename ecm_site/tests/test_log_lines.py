"""Log lines cannot be forged, are one JSON object each, and the newest of all processes are kept (50 O-6, S-3)."""

import json
import logging
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from ecm_site import log_level, recent_log
from ecm_site.conf import save_settings
from ecm_site.log_level import follow_log_level
from ecm_site.logs import JsonFormatter, LineFormatter, MaskSecrets
from ecm_site.recent_log import RecentLogHandler, raw_lines, recent_lines
from ecm_site.tracing import end_trace, tracing


@pytest.fixture(autouse=True)
def no_request() -> None:
    end_trace()


def a_record(text: str, *arguments: object, level: int = logging.INFO, **bound: object) -> logging.LogRecord:
    record = logging.LogRecord("ecm.test", level, __file__, 1, text, arguments, None)
    record.__dict__.update(bound)
    MaskSecrets().filter(record)
    return record


def test_a_line_is_one_json_object_with_the_id_of_the_request() -> None:
    with tracing("abc-1"):
        text = JsonFormatter().format(a_record("[M3U] %s", "one\r\ntwo\x1b[31m", account=7, address="http://u:p@h/"))
    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "ecm.test",
        "msg": "[M3U] one\\r\\ntwo\\x1b[31m",
        "trace_id": "abc-1",
        "account": 7,
        "address": "http://***@h/",
    }


def test_outside_a_request_the_id_is_a_dash() -> None:
    assert json.loads(JsonFormatter().format(a_record("x")))["trace_id"] == "-"
    assert " INFO - ecm.test x" in LineFormatter().format(a_record("x"))


def test_a_traceback_is_one_line_of_json_and_masked() -> None:
    record = a_record("it broke")
    error = ValueError("http://joe:s3cret@h/")
    record.exc_info = (ValueError, error, None)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert "s3cret" not in text
    assert "ValueError" in json.loads(text)["exception"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def handler(folder: Path) -> RecentLogHandler:
    made = RecentLogHandler(folder)
    made.setFormatter(JsonFormatter())
    return made


def test_the_newest_lines_come_first_and_can_be_narrowed(folder: Path) -> None:
    output = handler(folder)
    for number, level in enumerate([logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR]):
        output.handle(a_record("[M3U] line %s of Account", number, level=level))
    output.close()
    assert [line.text.removeprefix("[M3U] line ") for line in recent_lines(folder)] == [f"{n} of Account" for n in (3, 2, 1, 0)]
    assert [line.level for line in recent_lines(folder, level="WARNING")] == ["ERROR", "WARNING"]
    assert len(recent_lines(folder, containing="LINE 2 OF ACCOUNT")) == 1
    assert len(recent_lines(folder, limit=2)) == 2


def test_the_files_take_turns_and_never_grow_beyond_twice_their_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_log, "LARGEST_FILE", 5000)
    first, second = handler(folder), handler(folder)  # as two processes hold them
    for number in range(200):
        (first if number % 2 else second).handle(a_record("line %s", number))
    assert sum(path.stat().st_size for path in folder.glob("ecm.log*")) < 11_000
    lines = recent_lines(folder)
    assert [line.text for line in lines] == [f"line {number}" for number in range(199, 199 - len(lines), -1)]
    assert len(lines) > 20


def _write(folder: Path, name: str) -> None:
    output = handler(folder)
    for number in range(300):
        output.handle(a_record("%s %s %s", name, number, "x" * 200))


def test_processes_write_whole_lines(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=_write, args=(folder, name)) for name in ("a", "b", "c")]
    for process in others:
        process.start()
    for process in others:
        process.join()
    lines = list(raw_lines(folder))
    assert len(lines) == 900
    assert all(json.loads(line)["msg"].endswith("x") for line in lines)


def test_endless_lines_are_cut_and_broken_ones_skipped(folder: Path) -> None:
    output = handler(folder)
    output.handle(a_record("y" * 1_000_000))
    (folder / "ecm.log").open("a").write('{"ts": "2026-01-01T00\nnot json\n{"level": 1}\n')
    output.handle(a_record("after"))
    lines = recent_lines(folder)
    assert [line.text[:5] for line in lines] == ["after", "yyyyy"]
    assert all(len(raw) <= recent_log.LONGEST_LINE for raw in raw_lines(folder))


def test_a_folder_that_cannot_be_written_costs_one_complaint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    output = handler(tmp_path / "logs")
    output.handle(a_record("one"))
    output.handle(a_record("two"))
    assert capsys.readouterr().err.count("cannot be written") == 1


@pytest.fixture
def outputs(settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Handler]:
    """A console handler of our own on the root logger, whose level is put back."""
    settings.CONFIG_DIR = tmp_path
    root = logging.getLogger()
    before = root.level
    console = logging.NullHandler()
    console.set_name("console")
    root.addHandler(console)
    monkeypatch.setattr(log_level, "_applied", None)
    follow_log_level()
    yield console
    root.removeHandler(console)
    root.setLevel(before)


def test_the_level_changes_with_the_next_request(outputs: logging.Handler, client: Client, db: None) -> None:
    assert outputs.level == logging.INFO
    save_settings(backend_log_level="DEBUG")
    client.get("/sign-in/")
    assert (outputs.level, logging.getLogger().level) == (logging.DEBUG, logging.DEBUG)


def test_a_high_level_hides_lines_from_the_output_but_not_from_the_logs_of_runs(outputs: logging.Handler) -> None:
    save_settings(backend_log_level="ERROR")
    follow_log_level()
    assert outputs.level == logging.ERROR
    assert logging.getLogger("tasks_app.anything").isEnabledFor(logging.INFO)


@pytest.mark.django_db
def test_the_worker_hears_of_it_by_its_tick_and_by_its_runs(outputs: logging.Handler) -> None:
    from django.utils import timezone

    from tasks_app.models import TaskRun
    from tasks_app.run_events import tell_started
    from tasks_app.ticks import run_due_checks

    save_settings(backend_log_level="WARNING")
    run_due_checks(timezone.now())
    assert outputs.level == logging.WARNING
    save_settings(backend_log_level="DEBUG")
    tell_started(TaskRun(task_id="anything"))
    assert outputs.level == logging.DEBUG


def test_an_empty_setting_is_what_the_environment_says(outputs: logging.Handler, settings: object) -> None:
    settings.LOG_LEVEL = "ERROR"
    save_settings(backend_log_level="")
    follow_log_level()
    assert outputs.level == logging.ERROR
