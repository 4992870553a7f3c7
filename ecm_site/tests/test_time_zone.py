"""All times on pages are in the zone of the settings, whoever wrote them (50, common conventions; §5.1)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from ecm_site.clock import on_the_clock, operators_zone
from ecm_site.conf import save_settings
from epg_app.models import GuideSource
from m3u_app.models import Account
from tasks_app.models import JournalEntry, RunStatus, TaskRun, WorkerBeat
from tasks_app.watchdog import problems

WINTER = datetime(2026, 1, 15, 20, 30, tzinfo=UTC)  # 05:30 of the next day in Tokyo
THERE = ("2026-01-16 05:30", "2026-01-16T05:30:00+09:00")


@pytest.fixture(autouse=True)
def tokyo(settings: object, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path
    save_settings(time_zone="Asia/Tokyo")


def test_a_moment_in_a_sentence_is_told_with_its_zone() -> None:
    assert on_the_clock(WINTER) == "2026-01-16 05:30 JST"
    assert on_the_clock(WINTER, with_date=False) == "05:30 JST"
    save_settings(time_zone="Europe/Berlin")
    assert on_the_clock(WINTER + timedelta(days=180)) == "2026-07-14 22:30 CEST"
    save_settings(time_zone="")
    assert on_the_clock(WINTER) == "2026-01-15 20:30 UTC"
    assert operators_zone() is UTC


def rows() -> dict[str, str]:
    """Pages that show a moment each, with what they must hold."""
    account = Account.objects.create(name="Main", updated_at=WINTER)
    source = GuideSource.objects.create(name="TV", last_success_at=WINTER)
    run = TaskRun.objects.create(
        task_id="m3u_refresh", title="M3U Refresh", status=RunStatus.COMPLETED, lock_key="x",
        queued_at=WINTER, started_at=WINTER, completed_at=WINTER,
    )  # fmt: skip
    entry = JournalEntry.objects.create(
        category="m3u", action_type="update", entity_name="Main", description="Changed", timestamp=WINTER
    )
    WorkerBeat.objects.create(worker="here:1", seen_at=WINTER)
    return {
        "/": "2026-01-16",
        "/m3u/": THERE[1],
        f"/m3u/{account.pk}/": THERE[0],
        "/guide/": THERE[1],
        f"/guide/{source.pk}/": THERE[0],
        "/tasks/": "2026-01-16",
        f"/tasks/runs/{run.pk}/": THERE[0],
        "/journal/": "2026-01-16",
        f"/journal/{entry.pk}/": THERE[0],
        "/settings/maintenance/": THERE[0],
        "/settings/scheduled-tasks/": "2026-01-16",
    }


def test_every_page_shows_the_operators_clock(signed_in: Client, transactional_db: None) -> None:
    wrong = {}
    for path, expected in rows().items():
        html = signed_in.get(path).content.decode()
        if expected not in html:
            wrong[path] = f"no {expected}"
        if "2026-01-15 20:30" in html or "2026-01-15T20:30:00+00:00" in html:
            wrong[path] = "shows UTC"
    assert wrong == {}


@pytest.mark.django_db
def test_sentences_of_the_watchdog_use_it_too() -> None:
    WorkerBeat.objects.create(worker="here:1", seen_at=WINTER)
    sentences = [problem.sentence for problem in problems(timezone.now())]
    assert any("2026-01-16 05:30 JST" in sentence for sentence in sentences)
