"""Health, readiness, schema and version (50 §11.1, §18.8 rows 147 and 148)."""

import logging
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from ecm_site import health, version
from tasks_app.models import MirrorState, Schedule, Task, WorkerBeat

OPEN = ("/api/health", "/api/health/ready", "/api/health/schema", "/api/version")


@pytest.fixture(autouse=True)
def fresh_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_last", {})
    monkeypatch.setattr(health.shutil, "which", lambda name: f"/usr/bin/{name}")


def beat(age: timedelta = timedelta()) -> None:
    WorkerBeat.objects.create(worker="here:1", seen_at=timezone.now() - age)


def checks(client: Client) -> dict[str, str]:
    return dict(client.get("/api/health/ready").json()["checks"])


def test_health_touches_nothing_even_with_the_cookie_of_a_session(client: Client) -> None:
    """No database fixture: any query fails this test."""
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "abcdefghijklmnopqrstuvwxyz012345"
    answer = client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "service": "ecm"} | client.get("/api/version").json()


def test_version_says_what_whoever_built_it_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMIT", "abc123")
    monkeypatch.setenv("RELEASE_CHANNEL", "beta")
    version.build.cache_clear()
    try:
        answer = client.get("/api/version").json()
    finally:
        version.build.cache_clear()
    assert answer == {"version": version.VERSION, "commit": "abc123", "release_channel": "beta"}


def test_the_commit_of_a_checkout_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    assert version._checked_out(tmp_path) == ""
    (tmp_path / "packed-refs").write_text("# pack-refs with: peeled\n1111 refs/heads/other\n2222 refs/heads/main\n")
    assert version._checked_out(tmp_path) == "2222"
    (tmp_path / "refs/heads").mkdir(parents=True)
    (tmp_path / "refs/heads/main").write_text("3333\n")
    assert version._checked_out(tmp_path) == "3333"
    (tmp_path / "HEAD").write_text("4444\n")
    assert version._checked_out(tmp_path) == "4444"


@pytest.mark.django_db
@pytest.mark.parametrize(("age_minutes", "status"), [(1, 200), (4, 503)])
def test_ready_needs_a_worker_that_was_heard_lately(client: Client, age_minutes: int, status: int) -> None:
    beat(timedelta(minutes=age_minutes))
    answer = client.get("/api/health/ready")
    assert answer.status_code == status
    assert answer.json() == {
        "status": "ready" if status == 200 else "not_ready",
        "checks": {
            "database": "ok",
            "dispatcharr": "skipped",
            "ffprobe": "ok",
            "worker": "ok" if status == 200 else "silent",
            "scheduler": "ok",
        },
    }


@pytest.mark.django_db
def test_an_enabled_schedule_without_a_next_run_is_not_ready(client: Client) -> None:
    beat()
    task = Task.objects.create(task_id="anything")
    schedule = Schedule.objects.create(task=task, schedule_type="interval", interval_seconds=60, next_run_at=None)
    assert checks(client)["scheduler"] == "schedule_without_next_run"
    Task.objects.update(enabled=False)
    assert checks(client)["scheduler"] == "ok", "a task that is off is not waited for"
    Task.objects.update(enabled=True)
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now())
    assert checks(client)["scheduler"] == "ok"


@pytest.mark.django_db
def test_a_missing_ffprobe_is_named_by_its_class(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    beat()
    monkeypatch.setattr(health.shutil, "which", lambda name: None)
    answer = client.get("/api/health/ready")
    assert (answer.status_code, answer.json()["checks"]["ffprobe"]) == (503, "FileNotFoundError")


@pytest.mark.django_db
def test_without_a_database_health_is_well_and_ready_names_the_class_alone(client: Client) -> None:
    """50 §18.8 row 147, trap 23."""
    with mock.patch("ecm_site.health.connection.cursor", side_effect=OperationalError("no such file /srv/secret")):
        answer = client.get("/api/health/ready")
        assert client.get("/api/health").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "OperationalError"
    assert (answer.json()["checks"]["worker"], answer.json()["checks"]["scheduler"]) == ("unknown", "unknown")
    assert b"secret" not in answer.content


@pytest.mark.django_db
def test_changes_are_logged_and_not_every_question(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        client.get("/api/health/ready")
    beat()
    for _ in range(3):
        client.get("/api/health/ready")
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("[HEALTH]")]
    assert lines == ["[HEALTH] worker was ok and is now silent", "[HEALTH] worker was silent and is now ok"]


@pytest.mark.django_db
def test_schema_tells_applied_and_newest_migrations_and_how_the_database_is_set(client: Client) -> None:
    answer = client.get("/api/health/schema")
    state = answer.json()
    assert answer.status_code == 200
    assert state["up_to_date"] is True
    assert state["missing"] == 0
    assert state["applied"] == state["newest"]
    assert {"tasks_app", "m3u_app", "channels_app", "auth"} <= state["applied"].keys()
    assert (state["foreign_keys"], state["journal_mode"]) == (True, "wal")


@pytest.mark.django_db
def test_schema_sees_a_migration_that_is_missing(client: Client) -> None:
    from django.db import connection

    newest = client.get("/api/health/schema").json()["newest"]["tasks_app"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'tasks_app' AND name = %s", [newest])
    state = client.get("/api/health/schema").json()
    assert (state["up_to_date"], state["missing"]) == (False, 1)
    assert state["applied"]["tasks_app"] < newest


@pytest.mark.django_db
def test_schema_without_a_database_names_the_class_alone(client: Client) -> None:
    with mock.patch("ecm_site.schema_state.connection.cursor", side_effect=OperationalError("/srv/secret")):
        answer = client.get("/api/health/schema")
    assert (answer.status_code, answer.json()["error"]) == (503, "OperationalError")
    assert b"secret" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", OPEN)
def test_open_to_everybody_never_stored_and_only_read(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (200, 503)
    assert "no-store" in answer["Cache-Control"]
    assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_the_page_never_asks_the_server_and_says_what_the_last_run_found(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "server_pulse", lambda: pytest.fail("a page waits for the server"))
    assert "ECM works on its own" in admin_client.get("/settings/maintenance/").content.decode()
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True})
    assert "It answered when it was last needed" in admin_client.get("/settings/maintenance/").content.decode()
    MirrorState.objects.update(trouble="The server does not answer.")
    assert "The page Server says why" in admin_client.get("/settings/maintenance/").content.decode()
