"""Under the bell: runs over accounts and guides that are gone offer nothing any more that leads nowhere."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from epg_app.tests.samples import make_source
from m3u_app.tests.account_samples import make_account
from tasks_app.models import Notification, RunStatus, TaskRun
from tasks_app.notifications import run_notices

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_look_at_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.views.notifications.look_for_worker", lambda now: False)


def told(task_id: str, **parameters: Any) -> Notification:
    """The line of a refresh that failed a moment ago."""
    run = TaskRun.objects.create(
        task_id=task_id,
        lock_key=f"{task_id}:{parameters}",
        title=f"{task_id} {parameters}",
        parameters=parameters,
        status=RunStatus.FAILED,
        success=False,
        message="It failed.",
        completed_at=timezone.now(),
    )
    run_notices.on_run_finished(run)
    return Notification.objects.get(run=run)


def page_of(client: Client, name: str) -> str:
    return client.get(reverse(name), HTTP_HX_REQUEST="true").content.decode()


@pytest.mark.parametrize("page", ["notifications:list", "notifications:panel"])
def test_what_is_gone_is_not_offered(admin_client: Client, page: str) -> None:
    account, source = make_account("Acme"), make_source("Guide")
    kept, other = make_account("Kept"), make_source("Other")
    told("m3u_refresh", account_ids=[account.pk])
    told("epg_refresh", source_ids=[source.pk])
    shown = page_of(admin_client, page)
    assert [shown.count(words) for words in (">Open account<", ">Open guide<", ">Try again<")] == [1, 1, 2]
    account.delete()
    source.delete()
    told("m3u_refresh", account_ids=[kept.pk])
    told("epg_refresh", source_ids=[other.pk])
    shown = page_of(admin_client, page)
    assert [shown.count(words) for words in (">Open account<", ">Open guide<", ">Try again<")] == [1, 1, 2]
    assert shown.count(">Open run<") == 4


def test_a_run_over_several_is_offered_while_one_of_them_is_there(admin_client: Client) -> None:
    one, two = make_account("One"), make_account("Two")
    told("m3u_refresh", account_ids=[one.pk, two.pk])
    told("m3u_refresh", account_ids=[])  # all accounts
    one.delete()
    assert page_of(admin_client, "notifications:list").count(">Try again<") == 2
    two.delete()
    assert page_of(admin_client, "notifications:list").count(">Try again<") == 1


def test_it_costs_one_question_for_each_kind_however_many_lines_there_are(admin_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(admin_client, "notifications:list")
        return len(captured)

    told("m3u_refresh", account_ids=[make_account("Acme").pk])
    told("epg_refresh", source_ids=[make_source("Guide").pk])
    page_of(admin_client, "notifications:list")
    few = queries()
    for number in range(15):
        told("m3u_refresh", account_ids=[10_000 + number])
        told("epg_refresh", source_ids=[make_source(f"Guide {number}").pk])
    assert queries() == few


def test_a_page_that_is_still_open_is_told_so(admin_client: Client) -> None:
    account = make_account("Acme")
    row = told("m3u_refresh", account_ids=[account.pk])
    assert row.run is not None
    account.delete()
    followed = admin_client.get(reverse("notifications:go", args=[row.pk, "action"]), follow=True)
    assert followed.redirect_chain[-1][0] == reverse("tasks:run", args=[row.run.pk])
    assert "is not there any more" in followed.content.decode()
    refused = admin_client.post(reverse("notifications:retry", args=[row.pk]), follow=True)
    assert "is not there any more" in refused.content.decode()
    assert TaskRun.objects.count() == 1
    (line,) = admin_client.get("/api/notifications").json()["notifications"]
    assert (line["action_url"], line["metadata"].get("retry")) == ("", None)
    assert Notification.objects.get().action_url  # nothing is stored
