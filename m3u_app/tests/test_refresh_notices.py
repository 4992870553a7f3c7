"""What the bell says about refreshes: one line per run, with the place where something is to be decided."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from m3u_app.request_refresh import REFRESH_TASK
from m3u_app.tests.refreshing import FileAccount, playlist_of
from tasks_app import engine
from tasks_app.models import Notification, RunStatus, Trigger
from tasks_app.notifications.change_notifications import retry

FileAccounts = Callable[..., FileAccount]


def refresh(account: FileAccount, *names: str, trigger: Trigger = Trigger.SCHEDULED) -> Notification:
    account.path.write_text(playlist_of(*names))
    run = engine.run_here(REFRESH_TASK, {"account_ids": [account.account.pk]}, triggered_by=trigger)
    return Notification.objects.get(run=run)


def test_a_refresh_leads_to_its_account(acme: FileAccount) -> None:
    line = refresh(acme, "A", "B")
    assert (line.kind, line.title, line.action_label) == ("success", "M3U Refresh – Acme", "Open account")
    assert line.action_url == reverse("m3u:account", args=[acme.account.pk])
    assert Notification.objects.count() == 1


def test_a_held_back_refresh_leads_to_the_question(acme: FileAccount) -> None:
    refresh(acme, *(f"S{number}" for number in range(10)))
    line = refresh(acme, "S1", "S2")
    assert (line.kind, line.action_label) == ("error", "Review")
    assert line.action_url == reverse("m3u:held_back", args=[acme.account.pk])
    assert "2 streams instead of 10" in line.message


@pytest.mark.parametrize("trigger", [Trigger.EVENT, Trigger.SCHEDULED, Trigger.MANUAL])
def test_a_failed_refresh_is_told_whoever_asked_for_it(acme: FileAccount, trigger: Trigger) -> None:
    acme.path.write_text("<html>")
    engine.run_here(REFRESH_TASK, {"account_ids": [acme.account.pk]}, triggered_by=trigger)
    line = Notification.objects.get()
    assert (line.kind, line.live) == ("error", False)
    again = retry(line)
    assert (again.status, again.parameters) == (RunStatus.QUEUED, line.run.parameters)


def test_refreshing_all_is_one_line_and_one_more_for_each_account_that_failed(file_account: FileAccounts) -> None:
    for name in ("One", "Two", "Three"):
        file_account(name).path.write_text("<html>" if name == "Two" else playlist_of("A"))
    engine.run_here(REFRESH_TASK, {}, triggered_by=Trigger.SCHEDULED)
    lines = {line.title: line.kind for line in Notification.objects.all()}
    assert lines == {"M3U Refresh – all accounts": "warning", "M3U Refresh – Two": "error"}
