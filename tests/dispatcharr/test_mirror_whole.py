"""The whole house and a whole server: one sync brings everything over, the next one finds nothing to do."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from channels_app.models import Channel
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import reset_client
from epg_app.models import GuideEntry
from m3u_app.models import Account, Stream
from tasks_app.engine import run_here
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorPull, MirrorState, OutboxEntry, RunStatus
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def connected(fake: FakeServer) -> Iterator[FakeServer]:
    """ECM mirrors the fake server, as its settings say."""
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    reset_client()
    mirror_state()
    MirrorState.objects.update(connected=True, address=fake.url)
    yield fake
    reset_client()


def test_one_sync_brings_everything_over_and_the_next_finds_nothing(connected: FakeServer) -> None:
    run = run_here("sync_dispatcharr")
    assert run.status == RunStatus.COMPLETED, run.message
    assert Account.objects.filter(name="Base").exists()
    assert Stream.objects.count() == 40
    assert GuideEntry.objects.count() == 10
    assert set(Channel.objects.values_list("name", flat=True)) == {"One", "Two", "Three"}
    assert not OutboxEntry.objects.exists()
    assert not MirrorPull.objects.exclude(problem="").exists()
    again = run_here("sync_dispatcharr")
    assert again.message == "The server has nothing new."
    assert not OutboxEntry.objects.exists()


def test_an_edit_here_reaches_the_server_by_the_next_run(connected: FakeServer) -> None:
    run_here("sync_dispatcharr")
    Channel.objects.filter(name="One").update(name="Uno")
    run = run_here("deliver_outbox")
    assert run.message == "Delivered 1 change."
    assert {row["name"] for row in connected.world.tables["channels"].values()} == {"Uno", "Two", "Three"}


def test_a_server_that_is_down_fails_the_run_with_a_sentence_and_loses_nothing(connected: FakeServer) -> None:
    run_here("sync_dispatcharr")
    Channel.objects.filter(name="One").update(name="Uno")
    connected.faults.order(Kind.STATUS, status=503, times=100)
    run = run_here("sync_dispatcharr")
    assert run.status == RunStatus.FAILED
    assert run.message == mirror_state().trouble != ""
    assert OutboxEntry.objects.get().state == "waiting"
    connected.faults.clear()
    reset_client()
    assert run_here("sync_dispatcharr").status == RunStatus.COMPLETED
    assert mirror_state().trouble == ""
    assert not OutboxEntry.objects.exists()


def answer(*arguments: str, code: int = 0) -> dict:
    out = StringIO()
    if code:
        with pytest.raises(SystemExit) as ended:
            call_command(*arguments, "--json", stdout=out)
        assert ended.value.code == code
    else:
        call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_commands_sync_list_and_answer(connected: FakeServer) -> None:
    told = answer("sync_dispatcharr", "--kind", "group", "--kind", "logo")
    assert told["success"]
    assert set(told["pulled"]) == {"group", "logo"}
    assert answer("sync_dispatcharr")["pulled"]["stream"]["seen"] == 40
    Channel.objects.filter(name="One").update(name="Uno")
    told = answer("outbox")
    assert (told["waiting"], told["total"]) == (1, 1)
    [change] = told["changes"]
    assert (change["kind"], change["action"], change["name"]) == ("channel", "update", "Uno")
    assert answer("outbox", "--retry", str(change["id"]))["asked"] == 1
    assert answer("outbox", "--drop", str(change["id"]))["done"] == 1
    assert Channel.objects.filter(name="One").exists()
    assert answer("outbox", "--drop", "999", code=1)["error"] == "NOT_FOUND"
    out = StringIO()
    call_command("outbox", stdout=out)
    assert out.getvalue() == "0 waiting, 0 cannot be delivered, 0 changed on both sides\n"


def test_the_commands_explain_themselves() -> None:
    from tasks_app.management.commands import outbox, sync_dispatcharr

    told = {
        module: " ".join(module.Command().create_parser("manage", "x").format_help().split())
        for module in (outbox, sync_dispatcharr)
    }
    assert "rows here go back to what both sides had last" in told[outbox]
    assert "the server never had are deleted" in told[outbox]
    assert "account, account_group, account_filter" in told[sync_dispatcharr]
    assert "All changes that wait are delivered first" in told[sync_dispatcharr]
    assert all("3: no server is mirrored" in words for words in told.values())


def test_the_commands_say_what_is_wrong(db: None) -> None:
    assert answer("sync_dispatcharr", code=3)["error"] == "NOT_CONNECTED"
    assert answer("outbox", code=3)["error"] == "NOT_CONNECTED"
    with pytest.raises(CommandError, match="No server is mirrored") as ended:
        call_command("outbox")
    assert ended.value.returncode == 3
    assert answer("sync_dispatcharr", "--kind", "gnome", code=1)["error"] == "CONFIG_INVALID"
    with pytest.raises(CommandError, match="gnome"):
        call_command("sync_dispatcharr", "--kind", "gnome")
    assert run_here("sync_dispatcharr").message == "No server is mirrored."
    assert run_here("deliver_outbox").message == "No server is mirrored."
