"""A refresh is alerted once per failed account, with its id (50 A-4), and as a whole when all went well."""

from collections.abc import Callable

import pytest

from m3u_app.request_refresh import REFRESH_TASK
from m3u_app.tests.refreshing import FileAccount, playlist_of
from tasks_app import engine
from tasks_app.alerts.entities import entities_of
from tasks_app.models import AlertMethod, PendingAlert, Task, Trigger
from tasks_app.tests.alerting import discord

FileAccounts = Callable[..., FileAccount]


def only(*account_ids: int) -> AlertMethod:
    """A method that wants to hear about these accounts alone."""
    chosen = {"filter_mode": "only_selected", "account_ids": list(account_ids)}
    return discord(f"only {account_ids}", alert_sources={"m3u_refresh": chosen})


def waiting(method: AlertMethod) -> list[tuple[str, str]]:
    return list(PendingAlert.objects.filter(method=method).values_list("severity", "title"))


def three(file_account: FileAccounts, *bad: str) -> dict[str, FileAccount]:
    accounts = {name: file_account(name) for name in ("One", "Two", "Three")}
    for name, account in accounts.items():
        account.path.write_text("<html>" if name in bad else playlist_of("A"))
    return accounts


def test_each_failed_account_is_an_event_of_its_own(file_account: FileAccounts) -> None:
    accounts = three(file_account, "One", "Two")
    everything, two, three_only = discord("all"), only(accounts["Two"].account.pk), only(accounts["Three"].account.pk)
    engine.run_here(REFRESH_TASK, {}, triggered_by=Trigger.SCHEDULED)
    assert sorted(waiting(everything)) == [
        ("warning", "M3U refresh of One failed"),
        ("warning", "M3U refresh of Two failed"),
    ]
    assert waiting(two) == [("warning", "M3U refresh of Two failed")]
    assert waiting(three_only) == []
    message = PendingAlert.objects.filter(method=two).get().message
    assert "web page" in message
    assert "1 of 3 accounts were refreshed." in message


def test_row_79_failed_accounts_of_a_run_that_went_on_are_warnings(file_account: FileAccounts) -> None:
    three(file_account, "One")
    method = discord()
    Task.objects.update_or_create(task_id=REFRESH_TASK, defaults={"alert_on_warning": False})
    engine.run_here(REFRESH_TASK, {}, triggered_by=Trigger.SCHEDULED)
    assert waiting(method) == []


def test_when_every_account_fails_it_is_an_error(file_account: FileAccounts) -> None:
    three(file_account, "One", "Two", "Three")
    method = discord()
    engine.run_here(REFRESH_TASK, {}, triggered_by=Trigger.SCHEDULED)
    assert {severity for severity, _title in waiting(method)} == {"error"}
    assert len(waiting(method)) == 3


def test_a_refresh_without_failures_is_one_success(file_account: FileAccounts) -> None:
    three(file_account)
    method = discord()
    engine.run_here(REFRESH_TASK, {}, triggered_by=Trigger.SCHEDULED)
    assert waiting(method) == [("success", "M3U Refresh – all accounts finished")]


@pytest.mark.parametrize(("content", "severity"), [("<html>", "error"), (playlist_of("A"), "success")])
def test_a_single_account_carries_its_id(file_account: FileAccounts, content: str, severity: str) -> None:
    acme, other = file_account("Acme"), file_account("Other")
    mine, not_mine = only(acme.account.pk), only(other.account.pk)
    acme.path.write_text(content)
    engine.run_here(REFRESH_TASK, {"account_ids": [acme.account.pk]})
    assert [found for found, _title in waiting(mine)] == [severity]
    assert waiting(not_mine) == []


def test_accounts_can_be_chosen_by_name(file_account: FileAccounts) -> None:
    acme = file_account("Acme")
    assert (acme.account.pk, "Acme") in entities_of("m3u_refresh")
