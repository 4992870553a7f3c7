"""30 §3.1 steps 5–8: what an import stores, keeps, changes and deletes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecm_site.conf import save_settings
from epg_app.models import GuideEntry, Programme
from epg_app.prune_programmes import prune_all
from epg_app.tests.reading import channel, programme, tv
from epg_app.tests.samples import FileGuide, Mapping, guide_of, make_programme, soon, xmltv_time
from tasks_app.progress import Cancelled, NoProgress


def test_only_programmes_of_used_channels_are_stored(guide: FileGuide, mapping: Mapping) -> None:
    mapping.use("a")
    guide.refresh(guide_of({"a": ["A1", "A2"], "b": ["B1"]}))
    first = guide.refresh(guide_of({"a": ["A1", "A2"], "b": ["B1", "B2"]}))
    assert guide.titles("a") == ["A1", "A2"]
    assert guide.titles("b") == []
    assert (first.programmes, first.unmapped, first.in_file, first.entries, first.mapped) == (2, 2, 4, 2, 1)
    assert guide.now().last_message == "2 programmes for 1 of 2 guide channels, 2 skipped (no channel uses them)."
    assert (guide.source.programme_count, guide.source.mapped_count, guide.source.entry_count) == (2, 1, 2)


def test_all_programmes_are_stored_when_the_source_wants_so(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    report = guide.refresh(guide_of({"a": ["A1"], "b": ["B1", "B2"]}))
    assert guide.titles("b") == ["B1", "B2"]
    assert (report.programmes, report.skipped) == (3, 0)


def test_a_channel_that_is_linked_before_the_first_import_gets_its_programmes_in_that_import(
    guide: FileGuide, mapping: Mapping
) -> None:
    mapping.use("a")  # the mapping knows the tvg-id only once there is an entry for it
    report = guide.refresh(guide_of({"a": ["A1", "A2"]}))
    assert guide.titles("a") == ["A1", "A2"]
    assert (report.programmes, report.unmapped) == (2, 0)


def test_every_field_of_a_programme_arrives_in_the_database(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    inside = (
        "<title>Café</title><sub-title>S</sub-title><desc>D &amp; E</desc><category>News</category><icon src='http://x/i.png'/>"
        "<episode-num system='xmltv_ns'>1.4.</episode-num><new/><credits><actor role='R'>Ann</actor></credits>"
    )
    guide.refresh(tv(channel(), programme(xmltv_time(soon()), None, inside)))
    row = Programme.objects.get()
    assert (row.title, row.sub_title, row.description, row.categories) == ("Café", "S", "D & E", ["News"])
    assert (row.season, row.episode, row.icon_url, row.stop_is_derived) == (2, 5, "http://x/i.png", True)
    assert (row.start, row.stop) == (soon(), soon(1))
    assert row.extra == {
        "credits": [["actor", "Ann", "R", False]],
        "flags": ["new"],
        "episode_nums": [["xmltv_ns", "1.4."]],
    }


def test_the_choices_of_the_source_are_used(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True, assume_timezone="Asia/Shanghai", time_shift_minutes=30, preferred_language="fr")
    local = (soon() + timedelta(hours=8)).strftime("%Y%m%d%H%M%S")
    names = '<display-name lang="en">One</display-name><display-name lang="fr">Un</display-name>'
    titles = '<title lang="en">E</title><title lang="fr">F</title>'
    guide.refresh(tv(f'<channel id="a">{names}</channel>', programme(local, None, titles)))
    row = Programme.objects.get()
    assert (row.start, row.title) == (soon(0.5), "F")
    entry = GuideEntry.objects.get()
    assert (entry.name, entry.other_names) == ("Un", ["One"])


def test_channels_keep_names_icon_and_numbers(guide: FileGuide) -> None:
    guide.refresh(
        tv(
            channel("a", "A", inside='<icon src="/relative.png"/><icon src="http://x/a.png"/><lcn>32645</lcn>'),
            channel("a", "B"),
            channel("relative", "R", inside='<icon/><icon src="/relative.png"/>'),
            channel(" x&amp;y ", "", inside="<lcn>21</lcn>"),
            channel("long", "N" * 600, inside=f'<icon src="http://x/{"i" * 600}"/>'),
            '<channel id=""><display-name>No id</display-name></channel>',
            f'<channel id="{"i" * 300}"/>',
            programme(xmltv_time(soon()), tvg_id="only-programmes"),
        )
    )
    entries = {entry.tvg_id: entry for entry in GuideEntry.objects.all()}
    assert set(entries) == {"a", "relative", "x&y", "long", "only-programmes"}
    assert (entries["a"].name, entries["a"].other_names, entries["a"].icon_url) == ("A", ["B"], "http://x/a.png")
    assert entries["relative"].icon_url == ""
    assert (entries["a"].lcn, entries["a"].station_id) == ("32645", "32645")
    assert (entries["x&y"].name, entries["x&y"].lcn, entries["x&y"].station_id) == ("x&y", "21", "")
    assert (len(entries["long"].name), entries["long"].icon_url) == (512, "")
    found = {row["key"]: row["count"] for row in guide.now().last_report["findings"]}
    assert found["duplicate_channel"] == 1
    assert found["empty_id"] == 1
    assert found["long_id"] == 1
    assert found["undeclared_channel"] == 1


def test_entries_are_written_only_when_they_changed(guide: FileGuide) -> None:
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}))
    before = {entry.tvg_id: entry.pk for entry in GuideEntry.objects.all()}
    report = guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}).replace("Name b", "New b"))
    assert (report.entries_created, report.entries_updated) == (0, 1)
    assert {entry.tvg_id: entry.pk for entry in GuideEntry.objects.all()} == before
    entry = GuideEntry.objects.get(tvg_id="b")
    assert (entry.name, entry.search_text) == ("New b", "new b\nb\nnewb")


def test_programmes_that_stay_the_same_keep_their_rows(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(guide_of({"a": ["A1", "A2", "A3"], "b": ["B1"]}))
    kept = dict(Programme.objects.filter(title__in=["A1", "A3", "B1"]).values_list("title", "pk"))
    report = guide.refresh(guide_of({"a": ["A1", "New", "A3", "A4"], "b": ["B1"]}))
    assert guide.titles("a") == ["A1", "New", "A3", "A4"]
    assert dict(Programme.objects.filter(title__in=kept).values_list("title", "pk")) == kept
    assert (report.programmes_written, report.programmes_removed, report.programmes) == (2, 1, 5)


def test_entries_that_left_the_feed_go_unless_a_channel_uses_them(guide: FileGuide, mapping: Mapping) -> None:
    mapping.use("a", "b")
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"], "c": ["C1"], "d": ["D1"]}))
    report = guide.refresh(guide_of({"a": ["A1"], "d": ["D1"]}))
    assert (report.entries_removed, report.entries_kept) == (1, 1)
    assert guide.entries() == ["a", "b", "d"]
    assert guide.entries(in_feed=False) == ["b"]
    assert guide.titles("b") == ["B1"]
    guide.refresh(guide_of({"a": ["A1"], "b": ["B2"]}))
    assert guide.entries(in_feed=False) == []
    assert guide.titles("b") == ["B2"]


def test_a_channel_linked_while_vanished_entries_go_keeps_its_entry(guide: FileGuide, mapping: Mapping) -> None:
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}))
    guide.path.write_text(guide_of({"a": ["A1", "A2"]}))
    asked = []

    def link_meanwhile() -> None:
        asked.append(1)
        if len(asked) == 2:  # the first question is what to load, the second what may be deleted
            mapping.use("b")

    mapping.on_ask = link_meanwhile
    guide.refresh()
    assert guide.entries() == ["a", "b"]
    assert guide.entries(in_feed=False) == ["b"]


def test_programmes_of_a_channel_that_is_no_longer_used_go_at_the_next_import(guide: FileGuide, mapping: Mapping) -> None:
    mapping.use("a", "b")
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}))
    mapping.use("a")
    guide.refresh(guide_of({"a": ["A1", "A2"], "b": ["B1"]}))
    assert guide.titles("b") == []
    assert not GuideEntry.objects.get(tvg_id="b").programmes_loaded


def test_only_the_window_is_stored(file_guide: Callable[..., FileGuide]) -> None:
    save_settings(epg_keep_past_hours=2, epg_keep_future_days=1)
    try:
        guide = file_guide(keep_unmapped=True)
        report = guide.refresh(guide_of({"a": [f"H{hour}" for hour in range(-5, 40)]}, begin=soon(-5)))
        kept = [int(title[1:]) for title in guide.titles("a")]
        assert kept[0] in (-3, -2)  # the one that ends less than two hours ago, or right then
        assert kept[-1] in (23, 24)
        assert report.outside_window == 45 - len(kept)
    finally:
        save_settings(epg_keep_past_hours=24, epg_keep_future_days=14)


def test_a_guide_that_has_ended_is_kept_and_says_so(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    report = guide.refresh(guide_of({"a": ["A1", "A2"]}, begin=soon(-24 * 90)))
    assert guide.titles("a") == ["A1", "A2"]
    assert "This guide ended on" in report.warnings[0]
    assert guide.now().guide_ended
    assert prune_all(progress=NoProgress()) == 0
    guide.refresh(guide_of({"a": ["B1"]}))
    assert guide.titles("a") == ["B1"]
    assert not guide.now().guide_ended


def test_pruning_deletes_what_left_the_window_and_nothing_else(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(guide_of({"a": ["Now", "Later"]}))
    entry = GuideEntry.objects.get()
    for hours, title in ((-100, "Old"), (-25.5, "Just over"), (-24.5, "Ends inside"), (24 * 15, "Far")):
        make_programme(entry, timezone.now() + timedelta(hours=hours), title=title)
    assert prune_all(progress=NoProgress()) == 3
    assert guide.titles("a") == ["Ends inside", "Now", "Later"]
    assert guide.now().programme_count == 3


def test_the_same_file_again_costs_no_import(guide: FileGuide, mapping: Mapping) -> None:
    mapping.use("a")
    guide.refresh(guide_of({"a": ["A1"], "b": ["B1"]}))
    report = guide.refresh()
    assert report.not_modified
    assert guide.now().last_message == "Not changed since the last refresh; 1 programmes."
    assert guide.source.last_report["in_file"] == 2


@pytest.mark.parametrize(
    "change",
    [{"time_shift_minutes": 60}, {"preferred_language": "fr"}, {"assume_timezone": "Europe/Paris"}, {"keep_unmapped": True}],
)
def test_the_same_file_is_read_again_when_it_is_to_be_read_differently(guide: FileGuide, change: dict[str, Any]) -> None:
    guide.refresh(guide_of({"a": ["A1"]}))
    type(guide.source).objects.update(**change)
    assert not guide.refresh().not_modified


class CancelsAt:
    """Progress of somebody who presses Cancel in a phase."""

    def __init__(self, phase: str, calls: int = 1) -> None:
        self.phase, self.calls, self.now = phase, calls, ""

    def report(self, *, phase: str | None = None, **_: Any) -> None:
        self.now = phase or self.now

    def raise_if_cancelled(self) -> None:
        if self.now == self.phase:
            self.calls -= 1
            if self.calls <= 0:
                raise Cancelled


@pytest.mark.parametrize("phase", ["reading channels", "reading programmes", "saving channels", "saving programmes"])
def test_a_cancel_anywhere_leaves_every_channel_whole(file_guide: Callable[..., FileGuide], phase: str) -> None:
    guide = file_guide(keep_unmapped=True)
    old = {f"c{number}": ["Old 1", "Old 2"] for number in range(3)}
    guide.refresh(guide_of(old))
    new = {f"c{number}": ["New 1", "New 2", "New 3"] for number in range(3)} | {"d": ["D"]}
    with pytest.raises(Cancelled):
        guide.refresh(guide_of(new), progress=CancelsAt(phase))
    for tvg_id in old:
        assert guide.titles(tvg_id) in (["Old 1", "Old 2"], ["New 1", "New 2", "New 3"])
    assert guide.now().status == "success"
    assert "cancelled" in guide.source.last_message
    report = guide.refresh()
    assert not report.not_modified
    assert guide.titles("c2") == ["New 1", "New 2", "New 3"]


@pytest.mark.parametrize("layout", ["by channel", "by time", "split"])
def test_the_order_of_the_file_does_not_matter(file_guide: Callable[..., FileGuide], layout: str) -> None:
    guide = file_guide(keep_unmapped=True)
    rows = [(tvg_id, hour) for tvg_id in "abc" for hour in range(6)]
    if layout == "by time":
        rows.sort(key=lambda row: row[1])
    elif layout == "split":
        rows = rows[::2] + rows[1::2][::-1]
    lines = [programme(xmltv_time(soon(hour)), None, f"<title>{tvg_id}{hour}</title>", tvg_id) for tvg_id, hour in rows]
    guide.refresh(tv(*lines, *(channel(tvg_id) for tvg_id in "abc")))
    for tvg_id in "abc":
        assert guide.titles(tvg_id) == [f"{tvg_id}{hour}" for hour in range(6)]


def _queries(guide: FileGuide, document: str) -> int:
    guide.path.write_text(document)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        guide.refresh()
    return len([query for query in captured.captured_queries if "PRAGMA" not in query["sql"]])


def test_the_number_of_queries_does_not_grow_with_the_guide(file_guide: Callable[..., FileGuide]) -> None:
    small = _queries(file_guide("S", keep_unmapped=True), guide_of({"a": ["A1"], "b": ["B1"]}))
    large = _queries(
        file_guide("L", keep_unmapped=True), guide_of({f"c{number}": ["1", "2", "3", "4"] for number in range(80)})
    )
    assert large <= small + 2
