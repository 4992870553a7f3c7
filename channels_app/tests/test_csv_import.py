"""Updating and replacing by CSV: what a plan says, what carrying it out does, and what undo brings back (10 §20.2)."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_app.lineup_csv.apply_import import ImportChanged, import_sheet
from channels_app.lineup_csv.export import export_csv
from channels_app.lineup_csv.options import ImportOptions, Key, Mode, options_from
from channels_app.lineup_csv.plan import Action, ImportPlan
from channels_app.lineup_csv.plan_import import plan_import
from channels_app.lineup_csv.reading import FileRefused, read_sheet
from channels_app.models import Channel, ChannelGroup, Logo
from channels_app.tests.lineup_fixtures import lineup_state, make_account, make_channel, make_entry, make_group, make_streams
from channels_app.write_streams import streams_of
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db

UPDATE = ImportOptions(mode=Mode.UPDATE)


def plan_of(text: str, options: ImportOptions = UPDATE) -> ImportPlan:
    return plan_import(read_sheet(text.encode()), options)


def actions(plan: ImportPlan) -> list[tuple[int, str, str]]:
    return [(row.line, str(row.action), row.name) for row in plan.rows]


def test_updating_by_number_changes_what_differs_and_makes_what_is_missing() -> None:
    sports = make_group("Sports")
    make_channel("ESPN", "101", group=sports, tvg_id="espn.us")
    make_channel("CNN", "102")
    plan = plan_of("channel_number,name,group_name,tvg_id\n101,ESPN HD,News,\n102.0,CNN,,\n103,Fox,News,\n")
    assert actions(plan) == [(2, "update", "ESPN"), (3, "unchanged", "CNN"), (4, "create", "Fox")]
    assert plan.rows[0].changes() == [("name", "ESPN", "ESPN HD"), ("group", "Sports", "News")]
    assert plan.new_groups == ["News"]


def test_empty_cells_leave_or_empty_a_value_as_chosen() -> None:
    (stream,) = make_streams(["a"])
    make_channel("ESPN", "101", group=make_group("Sports"), tvg_id="espn.us", streams=[stream])
    text = "channel_number,name,group_name,tvg_id,stream_urls\n101,ESPN,,,\n"
    assert actions(plan_of(text)) == [(2, "unchanged", "ESPN")]
    emptied = plan_of(text, ImportOptions(mode=Mode.UPDATE, clear_empty=True))
    assert [label for label, _, _ in emptied.rows[0].changes()] == ["group", "TVG-ID", "streams"]


def test_columns_that_the_file_lacks_stay_even_when_empty_cells_empty_values() -> None:
    make_channel("ESPN", "101", tvg_id="espn.us", logo_url="https://x.example/a.png")
    plan = plan_of("channel_number,name\n101,ESPN\n", ImportOptions(mode=Mode.UPDATE, clear_empty=True))
    assert actions(plan) == [(2, "unchanged", "ESPN")]


def test_of_several_channels_with_the_key_the_one_that_agrees_most_is_meant() -> None:
    uk, us = make_group("UK"), make_group("US")
    make_channel("CNN", "1", group=uk)
    american = make_channel("CNN", "2", group=us)
    options = ImportOptions(mode=Mode.UPDATE, key=Key.NAME)
    plan = plan_of("name,group_name,tvg_id\nCNN,US,cnn.us\n", options)
    assert [(row.channel_id, row.action) for row in plan.rows] == [(american.pk, Action.UPDATE)]
    (error,) = plan_of("name,tvg_id\nCNN,cnn.us\n", options).errors
    assert str(error) == "Line 2: 2 channels have this name, and nothing in the row tells which one is meant."


def test_rows_that_match_nothing_are_errors_when_nothing_is_to_be_made() -> None:
    options = ImportOptions(mode=Mode.UPDATE, key=Key.TVG_ID, create_missing=False)
    make_channel("ESPN", tvg_id="ESPN.us")
    plan = plan_of("name,tvg_id\nESPN 1,espn.US\nFox,fox.us\n", options)
    assert actions(plan) == [(2, "update", "ESPN")]
    assert [error.line for error in plan.errors] == [3]


def test_replacing_makes_groups_hold_exactly_the_rows_and_touches_no_other_group() -> None:
    sports, news = make_group("Sports"), make_group("News")
    make_channel("ESPN", "1", group=sports)
    make_channel("Old", "2", group=sports)
    make_channel("Synced", "3", group=sports, auto_created=True)
    make_channel("CNN", "4", group=news)
    make_channel("Loose", "5")
    options = ImportOptions(mode=Mode.REPLACE)
    plan = plan_of("channel_number,name,group_name\n1,ESPN HD,sports\n7,Golf,Sports\n6,Loose 2,\n", options)
    assert actions(plan) == [(2, "update", "ESPN"), (3, "create", "Golf"), (4, "create", "Loose 2"), (0, "delete", "Old")]
    assert "auto-sync" in plan.warnings[0]
    import_sheet(read_sheet(b"channel_number,name,group_name\n1,ESPN HD,sports\n7,Golf,Sports\n"), options)
    assert set(sports.channels.values_list("name", flat=True)) == {"ESPN HD", "Golf", "Synced"}
    assert Channel.objects.filter(name__in=("CNN", "Loose")).count() == 2


def test_replacing_with_errors_in_the_file_is_refused_so_that_no_misread_row_deletes_its_channel() -> None:
    make_channel("ESPN", "1", group=make_group("Sports"))
    plan = plan_of("channel_number,name,group_name\nabc,ESPN,Sports\n2,Golf,Sports\n", ImportOptions(mode=Mode.REPLACE))
    assert plan.problem
    assert not plan.can_be_applied


def test_numbers_that_would_be_shared_are_told() -> None:
    make_channel("ESPN", "101")
    plan = plan_of("channel_number,name\n101,Fox\n102,A\n102,B\n", ImportOptions())
    assert "101 is shared by “ESPN”, “Fox”." in plan.warnings
    assert "102 is shared by “A”, “B”." in plan.warnings


def test_unknown_addresses_alone_never_take_the_streams_off_a_channel() -> None:
    (stream,) = make_streams(["a"])
    make_channel("ESPN", "1", streams=[stream])
    plan = plan_of("channel_number,name,stream_urls\n1,ESPN,http://nowhere.example/1\n")
    assert actions(plan) == [(2, "unchanged", "ESPN")]
    assert "stay as they are" in plan.warnings[0]


def test_streams_are_added_removed_and_put_in_order() -> None:
    a, b, c = make_streams(["a", "b", "c"])
    channel = make_channel("ESPN", "1", streams=[a, b])
    import_sheet(read_sheet(f"channel_number,name,stream_urls\n1,ESPN,{c.url};{a.url}\n".encode()), UPDATE)
    assert streams_of([channel.pk]) == {channel.pk: [c.pk, a.pk]}


def test_the_same_address_twice_means_two_streams_that_have_it() -> None:
    first, second = make_streams(["a"])[0], make_streams(["b"], account=make_account("Other"))[0]
    type(second).objects.filter(pk=second.pk).update(url=first.url)
    channel = make_channel("ESPN", "1", streams=[second])
    outcome = import_sheet(read_sheet(f"channel_number,name,stream_urls\n1,ESPN,{first.url}\n".encode()), UPDATE)
    assert not outcome.changed
    import_sheet(read_sheet(f"channel_number,name,stream_urls\n1,ESPN,{first.url};{first.url}\n".encode()), UPDATE)
    assert streams_of([channel.pk]) == {channel.pk: [second.pk, first.pk]}


def test_a_new_tvg_id_links_the_guide() -> None:
    entry = make_entry("espn.us")
    channel = make_channel("ESPN", "1")
    import_sheet(read_sheet(b"channel_number,name,tvg_id\n1,ESPN,ESPN.US\n"), UPDATE)
    channel.refresh_from_db()
    assert channel.guide_entry == entry


def test_logos_get_a_record_once() -> None:
    Logo.objects.create(name="known", url="https://x.example/known.png")
    text = "name,logo_url\nA,https://x.example/known.png\nB,https://x.example/new.png\nC,https://x.example/new.png\n"
    import_sheet(read_sheet(text.encode()), ImportOptions())
    assert dict(Logo.objects.values_list("url", "name")) == {
        "https://x.example/known.png": "known",
        "https://x.example/new.png": "C",
    }


def test_one_import_is_one_batch_and_undone_as_a_whole() -> None:
    (stream,) = make_streams(["a"])
    sports = make_group("Sports")
    make_channel("ESPN", "1", group=sports, streams=[stream])
    make_channel("Old", "2", group=sports)
    before, logos = lineup_state(), Logo.objects.count()
    text = f"channel_number,name,group_name,logo_url,stream_urls\n1,ESPN HD,Sports,https://x.example/a.png,\n9,New,Other,,{stream.url}\n"
    outcome = import_sheet(read_sheet(text.encode()), ImportOptions(mode=Mode.REPLACE), file_name="list.csv")
    assert lineup_state() != before
    entries = JournalEntry.objects.filter(batch_id=outcome.batch_id)
    assert set(JournalEntry.objects.values_list("batch_id", flat=True)) == {outcome.batch_id}
    summary = entries.get(action_type="csv_import")
    assert (summary.after_value or {})["file"] == "list.csv"
    assert (outcome.created, outcome.updated, outcome.deleted, outcome.groups_created) == (1, 1, 1, ["Other"])
    report = undo_batch(outcome.batch_id)
    assert report.conflicts == []
    assert lineup_state() == before
    assert Logo.objects.count() == logos


def test_what_was_shown_and_is_another_thing_by_now_is_not_done() -> None:
    channel = make_channel("ESPN", "1")
    sheet = read_sheet(b"channel_number,name\n1,ESPN HD\n")
    fingerprint = plan_import(sheet, UPDATE).fingerprint
    Channel.objects.filter(pk=channel.pk).update(name="Fox")
    with pytest.raises(ImportChanged):
        import_sheet(sheet, UPDATE, fingerprint=fingerprint)
    assert Channel.objects.get().name == "Fox"


def test_long_imports_are_written_in_portions_and_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from channels_app.lineup_csv import apply_import

    monkeypatch.setattr(apply_import, "ONE_TRANSACTION", 3)
    monkeypatch.setattr(apply_import, "PORTION", 2)
    text = "name,group_name\n" + "".join(f"C{n},G{n % 2}\n" for n in range(7))
    outcome = import_sheet(read_sheet(text.encode()), ImportOptions())
    assert (outcome.created, Channel.objects.count(), ChannelGroup.objects.count()) == (7, 7, 2)
    assert undo_batch(outcome.batch_id).conflicts == []
    assert (Channel.objects.count(), ChannelGroup.objects.count()) == (0, 0)


def test_a_portion_that_fails_takes_back_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from channels_app import bulk_rows
    from channels_app.lineup_csv import apply_import

    monkeypatch.setattr(apply_import, "ONE_TRANSACTION", 3)
    monkeypatch.setattr(apply_import, "PORTION", 2)
    calls = []

    def failing(channels: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise OSError("disk full")
        return real(channels)

    real = bulk_rows.channel_rows
    monkeypatch.setattr(apply_import, "channel_rows", failing)
    with pytest.raises(OSError, match="disk full"):
        import_sheet(read_sheet(b"name\n" + b"\n".join(b"C%d" % n for n in range(7))), ImportOptions())
    assert Channel.objects.count() == 0


def test_queries_do_not_grow_with_the_rows() -> None:
    counts = []
    for size in (5, 200):
        Channel.objects.all().delete()
        streams = make_streams([f"s{size}-{n}" for n in range(size)])
        for n, stream in enumerate(streams):
            make_channel(f"C{n}", str(n + 1), streams=[stream], tvg_id=f"c{n}.us")
        text = export_csv().replace(",C", ",D")
        with CaptureQueriesContext(connection) as queries:
            plan = plan_of(text)
        assert len(plan.work) == size
        counts.append(len(queries))
        with CaptureQueriesContext(connection) as exporting:
            export_csv()
        counts.append(len(exporting))
    assert counts[0] == counts[2]
    assert counts[1] == counts[3] == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name\n\xff\xfe\xfa\n", "line 2"),
        (b"PK\x03\x04rest", "workbook"),
        (b"a,b\n1,2\n", "“name”"),
    ],
)
def test_files_that_are_no_csv_are_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        read_sheet(data)


def test_semicolons_and_tabs_between_the_columns_are_understood() -> None:
    assert read_sheet(b"name;channel_number\nESPN;5\n").rows[0].cells == {"name": "ESPN", "channel_number": "5"}
    assert read_sheet(b"channel_number\tname\n5\tESPN\n").rows[0].cells["name"] == "ESPN"


def test_a_quotation_mark_that_never_ends_is_told_with_its_line() -> None:
    sheet = read_sheet(b'name,tvg_id\nA,1\n"B,2\nC,3\n')
    assert [row.cells["name"] for row in sheet.rows] == ["A"]
    assert [(problem.line, "never ends" in str(problem)) for problem in sheet.problems] == [(3, True)]


def test_hostile_cells_come_in_as_plain_text() -> None:
    text = f'name,tvg_id\n"<script>alert(1)</script>","{"x" * 300}"\n"nul\x00l",a\n"{"n" * 600}",b\n'
    plan = plan_of(text, ImportOptions())
    assert [error.line for error in plan.errors] == [2, 4]
    assert [row.name for row in plan.rows] == ["nul l"]


def test_options_survive_as_plain_values() -> None:
    options = ImportOptions(mode=Mode.REPLACE, key=Key.TVG_ID, clear_empty=True, logos_from_guide=False)
    assert options_from(json.loads(json.dumps(options.as_values()))) == options
    assert options_from({"mode": "nonsense", "key": 5}) == ImportOptions()
