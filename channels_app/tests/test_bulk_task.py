"""Thousands of channels are created in the background, with progress and a way to stop (DESIGN §5)."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from channels_app import bulk_create as module
from channels_app.bulk_options import BulkOptions, ConflictChoice, ExistingChoice, SectionChoice, Selection, StreamOrder
from channels_app.bulk_task import options_from, options_to, parameters_of, selection_from
from channels_app.models import Channel
from channels_app.naming import CountryChoice, TimezoneChoice
from channels_app.plan_bulk_create import plan_bulk_create
from channels_app.tests.lineup_fixtures import lineup_state, make_streams
from channels_app.views import bulk_create as view
from m3u_app.models import StreamGroup
from tasks_app import engine
from tasks_app.models import JournalEntry, TaskRun
from tasks_app.progress import Cancelled, NoProgress
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db
URL = "/channels/bulk-create/"


def selection() -> Selection:
    return Selection(group_ids=tuple(StreamGroup.objects.values_list("pk", flat=True)))


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONE_TRANSACTION", 1)
    monkeypatch.setattr(module, "PORTION", 2)


def test_choices_survive_the_way_into_a_run_and_back() -> None:
    options = BulkOptions(
        separate=True,
        start=Decimal("38.9"),
        sections={3: SectionChoice("Mine", Decimal(7)), 4: SectionChoice("")},
        existing=ExistingChoice.SKIP,
        conflict=ConflictChoice.PUSH,
        timezone=TimezoneChoice.PREFER_WEST,
        country=CountryChoice.KEEP,
        stream_order=StreamOrder.LISTED,
        custom_prefixes=("X", "Y"),
        across_groups=False,
    )
    assert options_from(json.loads(json.dumps(options_to(options)))) == options
    assert options_from(options_to(BulkOptions())) == BulkOptions()
    chosen = Selection((3, 4, 5, 9), (7,), (1,), frozenset({4}), "sky")
    make_streams(["A"])
    parameters = json.loads(json.dumps(parameters_of(chosen, plan_bulk_create(chosen, options))))
    assert selection_from(parameters["selection"]) == chosen


@pytest.mark.usefixtures("small_portions")
def test_a_run_creates_what_was_previewed() -> None:
    make_streams([f"Channel {place}" for place in range(7)])
    plan = plan_bulk_create(selection(), BulkOptions(start=Decimal(10), group_name="New"))
    run = engine.run_here("bulk_create", parameters_of(selection(), plan))
    assert (run.success, run.success_count) == (True, 7)
    assert run.title == "Create channels – 7 channels"
    assert run.details["channels_created"] == 7
    assert [item.name for item in plan.channels] == list(Channel.objects.order_by("number").values_list("name", flat=True))


def test_a_run_refuses_a_plan_that_is_out_of_date() -> None:
    make_streams(["A"])
    plan = plan_bulk_create(selection(), BulkOptions(start=Decimal(10)))
    make_streams(["B"])
    run = engine.run_here("bulk_create", parameters_of(selection(), plan))
    assert run.success is False
    assert "have changed since this preview was made" in run.message
    assert not Channel.objects.exists()


class _StopAfter(NoProgress):
    def __init__(self, portions: int) -> None:
        self.left = portions

    def raise_if_cancelled(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


@pytest.mark.usefixtures("small_portions")
def test_what_was_made_before_a_stop_stays_whole_and_can_be_taken_back() -> None:
    make_streams([f"Channel {place}" for place in range(7)])
    before = lineup_state()
    options = BulkOptions(start=Decimal(10), group_name="New")
    with pytest.raises(Cancelled):
        module.bulk_create(selection(), options, progress=_StopAfter(2))
    assert Channel.objects.count() == 4
    summary = JournalEntry.objects.get(action_type="bulk_create")
    assert summary.description.startswith("Created 4 channels from 4 streams")
    undo_batch(summary.batch_id)
    assert lineup_state() == before


def test_a_large_preview_is_handed_to_a_run(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "IN_BACKGROUND_ABOVE", 1)
    make_streams(["A", "B"])
    values: dict[str, Any] = {"stream_group": StreamGroup.objects.get().pk, "step": "preview", "mode": "combine", "start": "1"}
    values |= {"existing": "add", "timezone": "both", "country": "leave", "country_separator": "|", "stream_order": "quality"}
    values |= {"prefix_order": "number", "number_separator": "-"}
    preview = admin_client.post(URL, values, headers={"HX-Request": "true"}).content.decode()
    found = re.search(r'name="fingerprint" value="(\w+)"', preview)
    assert found
    values |= {"fingerprint": found[1], "create": "1"}
    started = admin_client.post(URL, values, headers={"HX-Request": "true"})
    run = TaskRun.objects.get(task_id="bulk_create")
    assert started.status_code == 200
    assert f'id="run-progress-{run.pk}"' in started.content.decode()
    again = admin_client.post(URL, values, headers={"HX-Request": "true"})
    assert again.status_code == 422
    assert "already" in again.content.decode()
    assert not Channel.objects.exists()
