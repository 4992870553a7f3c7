"""30 §3.1 step 7, §4.7: channels that are linked after, or during, an import."""

from collections.abc import Callable
from typing import Any

import pytest

from epg_app.importing import guide_reader
from epg_app.load_programmes import any_waiting, load_newly_mapped
from epg_app.mapped_entries import mapping_changed
from epg_app.models import GuideSource
from epg_app.signals import source_refreshed
from epg_app.source_lock import source_lock
from epg_app.tests.samples import FileGuide, Mapping, guide_of, soon
from tasks_app.models import RunRequest
from tasks_app.progress import NoProgress

GUIDE = guide_of({"a": ["A1", "A2"], "b": ["B1"], "c": ["C1"]})


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts how often a guide file is read."""
    counted: list[int] = []
    read = guide_reader.GuideReader.read

    def counting(self: Any, *args: Any) -> Any:
        counted.append(1)
        return read(self, *args)

    monkeypatch.setattr(guide_reader.GuideReader, "read", counting)
    return counted


def test_linked_channels_get_their_programmes_in_one_pass(guide: FileGuide, mapping: Mapping, passes: list[int]) -> None:
    guide.refresh(GUIDE)
    assert not any_waiting()
    mapping.use("a", "b")
    assert any_waiting()
    del passes[:]
    assert load_newly_mapped(progress=NoProgress()) == 3
    assert len(passes) == 1
    assert (guide.titles("a"), guide.titles("b"), guide.titles("c")) == (["A1", "A2"], ["B1"], [])
    assert (guide.now().programme_count, guide.source.mapped_count) == (3, 2)


def test_what_is_loaded_is_not_loaded_again(guide: FileGuide, mapping: Mapping, passes: list[int]) -> None:
    guide.refresh(GUIDE)
    mapping.use("a")
    load_newly_mapped(progress=NoProgress())
    del passes[:]
    assert load_newly_mapped(progress=NoProgress()) == 0
    assert not passes
    assert not any_waiting()


def test_nothing_is_queued_when_nothing_waits(guide: FileGuide, mapping: Mapping) -> None:
    guide.refresh(GUIDE)
    mapping_changed()
    assert not RunRequest.objects.exists()
    mapping.use("a")
    for _ in range(500):
        mapping_changed()
    assert RunRequest.objects.get().task_id == "epg_load_mapped"


def test_a_source_that_is_being_refreshed_is_left_to_its_refresh(guide: FileGuide, mapping: Mapping) -> None:
    guide.refresh(GUIDE)
    mapping.use("a")
    with source_lock(guide.source.pk):
        assert load_newly_mapped(progress=NoProgress()) == 0
    GuideSource.objects.update(status="parsing")
    assert not any_waiting()


def test_channels_linked_during_a_refresh_are_loaded_at_its_end(guide: FileGuide, mapping: Mapping) -> None:
    guide.refresh(GUIDE)
    asked: list[int] = []

    def link_meanwhile() -> None:
        asked.append(1)
        if len(asked) == 2:
            mapping.use("a", "b")

    mapping.use("a")
    mapping.on_ask = link_meanwhile
    report = guide.refresh(GUIDE.replace("A2", "A3"))
    assert guide.titles("a") == ["A1", "A3"]
    assert guide.titles("b") == ["B1"]
    assert report.programmes == 3


def test_listeners_may_link_channels_and_find_programmes_after_the_refresh(guide: FileGuide, mapping: Mapping) -> None:
    heard: list[int] = []

    def link(sender: Any, *, source_id: int, report: Any, **_: Any) -> None:
        heard.append(report.programmes)
        mapping.use("c")

    source_refreshed.connect(link)
    try:
        report = guide.refresh(GUIDE)
    finally:
        source_refreshed.disconnect(link)
    assert guide.titles("c") == ["C1"]
    assert (report.programmes, report.unmapped) == (1, 3)
    assert heard == [0, 1]


def test_a_listener_that_fails_does_not_fail_the_refresh(guide: FileGuide) -> None:
    def broken(sender: Any, **_: Any) -> None:
        raise ZeroDivisionError

    source_refreshed.connect(broken)
    try:
        guide.refresh(GUIDE)
    finally:
        source_refreshed.disconnect(broken)
    assert guide.now().status == "success"


def test_a_refresh_that_changes_nothing_tells_nobody(guide: FileGuide) -> None:
    heard: list[int] = []

    def listen(sender: Any, *, source_id: int, **_: Any) -> None:
        heard.append(source_id)

    source_refreshed.connect(listen)
    try:
        guide.refresh(GUIDE)
        guide.refresh()
        GuideSource.objects.update(content_mark="")
        guide.refresh()
    finally:
        source_refreshed.disconnect(listen)
    assert len(heard) == 1


def test_a_lost_guide_file_is_no_error(file_guide: Callable[..., FileGuide], mapping: Mapping) -> None:
    guide = file_guide()
    guide.refresh(GUIDE)
    guide.path.unlink()
    mapping.use("a")
    assert load_newly_mapped(progress=NoProgress()) == 0


def test_one_unreadable_guide_does_not_keep_another_from_loading(
    file_guide: Callable[..., FileGuide], mapping: Mapping
) -> None:
    first, second = file_guide("One"), file_guide("Two")
    first.refresh(GUIDE)
    second.refresh(guide_of({"z": ["Z1"]}))
    first.path.write_text("rubbish")
    mapping.use("a", "z")
    assert load_newly_mapped(progress=NoProgress()) == 1
    assert second.titles("z") == ["Z1"]


def test_a_guide_that_has_ended_also_loads(guide: FileGuide, mapping: Mapping) -> None:
    mapping.use("a")
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}, begin=soon(-24 * 60)))
    mapping.use("a", "b")
    load_newly_mapped(progress=NoProgress())
    assert guide.titles("b") == ["B1"]


@pytest.mark.parametrize("linked", ["before", "after"])
def test_channels_that_join_an_old_guide_keep_its_programmes_and_the_row_says_so(
    guide: FileGuide, mapping: Mapping, linked: str
) -> None:
    if linked == "before":
        mapping.use("a")  # known by its tvg-id, which has no entry before the first import
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}, begin=soon(-24 * 60)))
    if linked == "after":
        assert guide.now().last_report["warnings"] == []
        mapping.use("a")
        load_newly_mapped(progress=NoProgress())
    assert guide.titles("a") == ["A1"]
    assert guide.now().guide_ended
    assert "This guide ended on" in guide.source.last_report["warnings"][0]
    assert "This guide ended on" in guide.source.last_message
