"""A guide refresh is alerted once per failed guide, with its id (50 A-4), and as a whole when all went well."""

from collections.abc import Callable

import pytest

from epg_app.tests.samples import FileGuide, guide_of
from tasks_app.alerts.entities import entities_of
from tasks_app.engine import run_here
from tasks_app.models import PendingAlert
from tasks_app.tests.alerting import discord

pytestmark = pytest.mark.django_db


def waiting() -> list[tuple[str, str, str]]:
    return sorted(PendingAlert.objects.values_list("method__name", "severity", "title"))


def test_each_failed_guide_is_an_event_of_its_own(file_guide: Callable[..., FileGuide]) -> None:
    bad, good = file_guide("Bad"), file_guide("Good", keep_unmapped=True)
    bad.path.write_text("rubbish")
    good.path.write_text(guide_of({"a": ["A1"]}))
    discord("all")
    for name, guide in (("without bad", bad), ("without good", good)):
        chosen = {"filter_mode": "all_except", "source_ids": [guide.source.pk]}
        discord(name, alert_sources={"epg_refresh": chosen})
    run_here("epg_refresh")
    assert waiting() == [
        ("all", "warning", "Guide refresh of Bad failed"),
        ("without good", "warning", "Guide refresh of Bad failed"),
    ]
    assert "No channels were found" in PendingAlert.objects.filter(method__name="all").get().message


def test_a_single_guide_carries_its_id(guide: FileGuide) -> None:
    discord("mine", alert_sources={"epg_refresh": {"filter_mode": "only_selected", "source_ids": [guide.source.pk]}})
    discord("other", alert_sources={"epg_refresh": {"filter_mode": "only_selected", "source_ids": [guide.source.pk + 1]}})
    guide.path.write_text("rubbish")
    run_here("epg_refresh", {"source_ids": [guide.source.pk]})
    assert waiting() == [("mine", "error", "EPG Refresh – Guide failed")]


def test_guides_can_be_chosen_by_name(guide: FileGuide) -> None:
    assert (guide.source.pk, "Guide") in entities_of("epg_refresh")
