"""The dashboard tells how everything is doing, at a cost that does not grow (DESIGN §4)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from channels_app.models import Channel, ChannelGroup, ChannelStream
from ecm_site.getting_started import progress
from ecm_site.overview import lineup_counts, overview
from epg_app.models import GuideEntry, GuideSource
from m3u_app.models import Account, AccountStatus, Stream, StreamGroup
from tasks_app import journal
from tasks_app.models import RunStatus, TaskRun, WorkerBeat

pytestmark = pytest.mark.django_db


def fill(times: int, start: int = 0) -> None:
    for number in range(start, start + times):
        account = Account.objects.create(name=f"Account {number}", status=AccountStatus.SUCCESS, stream_count=10)
        group = StreamGroup.objects.create(account=account, name="G")
        stream = Stream.objects.create(
            account=account, group=group, name="S", url="http://tv.example/1", stream_hash=str(number).encode()
        )
        source = GuideSource.objects.create(name=f"Guide {number}", status="success")
        entry = GuideEntry.objects.create(source=source, tvg_id="a", name="A")
        lineup = ChannelGroup.objects.create(name=f"Group {number}")
        channel = Channel.objects.create(name="C", group=lineup, guide_entry=entry)
        ChannelStream.objects.create(channel=channel, stream=stream, position=1)
        TaskRun.objects.create(task_id="x", lock_key=f"x:{number}", title="X", status=RunStatus.RUNNING)
        TaskRun.objects.create(task_id="x", lock_key=f"y:{number}", title="Y", status=RunStatus.COMPLETED)
        journal.log_entry("channel", "create", entity_name="C", description="Made C")


def test_the_number_of_queries_does_not_grow_with_the_install(
    signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fill(1)
    signed_in.get("/")
    with django_assert_max_num_queries(25) as few:
        signed_in.get("/")
    fill(15, start=1)
    with django_assert_max_num_queries(25) as many:
        signed_in.get("/")
    assert len(many) == len(few)


def test_counts_tell_guide_coverage_and_channels_without_streams() -> None:
    fill(2)
    Channel.objects.create(name="No guide")
    Channel.objects.create(name="Wants none", no_epg=True)
    counts = lineup_counts()
    assert (counts.channels, counts.groups, counts.with_guide, counts.wanting_guide, counts.without_streams) == (4, 2, 2, 3, 2)
    assert counts.coverage == 67


def test_an_empty_install_counts_nothing_and_offers_a_beginning(signed_in: Client) -> None:
    page = signed_in.get("/").content.decode()
    assert "No sources yet" in page
    assert "/welcome/" in page
    assert lineup_counts().coverage == 0


def test_sources_in_trouble_come_first_with_their_reason_and_no_password(signed_in: Client) -> None:
    fill(1)
    Account.objects.create(
        name="Zebra", status=AccountStatus.ERROR, last_message="http://user:hunter2@tv.example/get.php?password=hunter2: 403"
    )
    Account.objects.create(name="Held", status=AccountStatus.SUCCESS, held_back={"before": 100, "after": 3})
    levels = [line.level for line in overview().sources]
    assert levels[:2] == ["danger", "warning"]
    page = signed_in.get("/").content.decode()
    assert "Waiting for your decision" in page
    assert "hunter2" not in page
    assert "2 need attention" in page


def test_names_of_providers_cannot_break_out_of_the_page(signed_in: Client) -> None:
    Account.objects.create(name="<script>alert(1)</script>", status=AccountStatus.ERROR, last_message="<img src=x onerror=1>")
    page = signed_in.get("/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_batch_is_one_line_among_the_latest_changes(signed_in: Client) -> None:
    journal.log_entry("m3u", "create", entity_name="A", description="Added the first account")
    batch = [
        journal.build_entry("channel", "create", entity_name="C", description=f"Made channel {number}", batch_id="abcd1234")
        for number in range(10)
    ]
    journal.log_entries(batch)
    assert [entry.entity_name for entry in overview().changes] == ["C", "A"]


def test_a_silent_worker_is_told(signed_in: Client) -> None:
    assert "gives no sign of life" in signed_in.get("/").content.decode()
    WorkerBeat.objects.create(worker="here:1", seen_at=timezone.now())
    assert "gives no sign of life" not in signed_in.get("/").content.decode()


def test_the_page_asks_again_only_while_something_runs(signed_in: Client) -> None:
    assert 'hx-trigger="every 3s"' not in signed_in.get("/").content.decode()
    TaskRun.objects.create(task_id="x", lock_key="x", title="X", status=RunStatus.RUNNING)
    assert 'hx-trigger="every 3s"' in signed_in.get("/").content.decode()
    part = signed_in.get("/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="overview"')
    assert "<html" not in part


def test_failures_of_the_last_day_are_counted(signed_in: Client) -> None:
    for hours in (1, 30):
        TaskRun.objects.create(
            task_id="x",
            lock_key=f"x{hours}",
            title="X",
            status=RunStatus.FAILED,
            completed_at=timezone.now() - timedelta(hours=hours),
        )
    assert overview().failed_lately == 1


def test_first_steps_tick_themselves_off_and_can_be_put_away(signed_in: Client) -> None:
    assert [step.is_done for step in progress().steps] == [False] * 4
    fill(1)
    assert [step.is_done for step in progress().steps] == [True, True, True, False]
    assert "First steps" in signed_in.get("/").content.decode()
    signed_in.post("/first-steps/hide/")
    assert "First steps" not in signed_in.get("/").content.decode()
    assert "First steps" in signed_in.get("/welcome/").content.decode()
