"""Log records of a run become its rows: masked, bounded, and only its own."""

import logging
import threading

import pytest

from tasks_app import run_log
from tasks_app.engine import run_here
from tasks_app.models import TaskRunLog
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db
logger = logging.getLogger("m3u_app.somewhere")


def lines_of(body):
    with known_task(body):
        run = run_here("sample")
    return [(line.level, line.text) for line in TaskRunLog.objects.filter(run=run)]


def test_records_are_kept_masked_and_without_nul():
    def body(task):
        logger.info("[M3U] Fetching %s", "http://u:p@host/get.php?username=joe&password=x")
        logger.debug("not this")
        logger.warning("[M3U] odd name a\x00b")
        return TaskResult(True, "")

    assert lines_of(body) == [
        ("INFO", "[M3U] Fetching http://***@host/get.php?username=***&password=***"),
        ("WARNING", "[M3U] odd name ab"),
    ]


def test_a_million_lines_become_a_few_and_problems_still_get_in(monkeypatch):
    monkeypatch.setattr(run_log, "MAX_LINES", 20)
    monkeypatch.setattr(run_log, "EXTRA_FOR_PROBLEMS", 5)

    def body(task):
        for number in range(1000):
            logger.info("line %s", number)
        logger.error("the reason")
        return TaskResult(True, "")

    lines = lines_of(body)
    assert len(lines) == 22
    assert lines[19] == ("INFO", "line 19")
    assert lines[20] == ("ERROR", "the reason")
    assert lines[21] == ("WARNING", "980 further lines were left out here; they are in the server's log.")


def test_a_huge_line_is_shortened():
    def body(task):
        logger.info("x" * 100_000)
        return TaskResult(True, "")

    assert len(lines_of(body)[0][1]) == run_log.MAX_TEXT


def test_a_wrong_log_call_does_not_break_the_run():
    def body(task):
        logger.info("%s %s", "only one")  # noqa: PLE1206
        return TaskResult(True, "went on")

    with known_task(body):
        assert run_here("sample").message == "went on"


def test_lines_of_helper_threads_belong_to_the_run_and_those_of_other_runs_do_not():
    def body(task):
        helper = threading.Thread(target=lambda: logger.info("from a helper"))
        helper.start()
        helper.join()
        token = run_log._run_of_thread.set(-1)
        logger.info("of another run")
        run_log._run_of_thread.reset(token)
        return TaskResult(True, "")

    assert [text for _, text in lines_of(body)] == ["from a helper"]


def test_nothing_is_collected_after_the_run():
    lines_of(lambda task: TaskResult(True, ""))
    logger.info("later")
    assert not TaskRunLog.objects.exists()
    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, run_log.RunLogHandler)]
