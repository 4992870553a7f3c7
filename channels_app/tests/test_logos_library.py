"""The library of logos: adding, changing, deleting; channels follow; everything can be taken back."""

import pytest
from pytest_django import DjangoAssertNumQueries

from channels_app.commands import UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.errors import EditRefused, NotThere
from channels_app.logos.assign_logos import assign_logos, offer, repair_logos
from channels_app.logos.edit_logos import add_logo, adopt_used, delete_logos, delete_unused, edit_logo, upload_logo
from channels_app.logos.library import LogoFilter, library_totals, logo_page
from channels_app.logos.store import stored_path
from channels_app.models import Channel, Logo
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.logo_fixtures import SCRIPTED_SVG, bomb_png, own_folder, png
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

__all__ = ["own_folder"]
pytestmark = pytest.mark.django_db

A, B, C = (f"https://logos.example/{name}.png" for name in "abc")


def logo_of(channel: Channel) -> str:
    return Channel.objects.values_list("logo_url", flat=True).get(pk=channel.pk)


def test_an_existing_address_gives_the_existing_logo() -> None:  # 25.7 #109
    first, made = add_logo("One", A)
    second, again = add_logo("Another name", f" {A} ")
    assert second.pk == first.pk
    assert (made.changed, again.changed) == (True, False)
    assert "already: “One”" in again.message
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "address", "field"),
    [
        ("", A, "name"),
        ("x" * 300, A, "name"),
        ("One", "", "url"),
        ("One", "ftp://h/x.png", "url"),
        ("One", "javascript:x", "url"),
    ],
)
def test_name_and_address_are_needed(name: str, address: str, field: str) -> None:
    with pytest.raises(EditRefused) as refused:
        add_logo(name, address)
    assert set(refused.value.problems) == {field}


@pytest.mark.usefixtures("own_folder")
def test_an_upload_is_stored_once_under_its_content_and_named_after_its_file() -> None:
    data = png()
    logo, _ = upload_logo(data, "C:\\pictures\\Sky One.v2.PNG")
    again, outcome = upload_logo(data, "other.gif")
    assert logo.name == "Sky One.v2"
    assert again.pk == logo.pk
    assert not outcome.changed
    assert logo.url == f"/logos/{logo.stored_name}"
    path = stored_path(logo.stored_name)
    assert path is not None
    assert path.read_bytes() == data
    channel = make_channel("A")
    update_channel(UpdateChannel(channel.pk, {"logo_url": logo.url}))
    assert logo_of(channel) == logo.url


@pytest.mark.usefixtures("own_folder")
@pytest.mark.parametrize("data", [b"", b"<html>", bomb_png(), b"\0" * 6_000_000])
def test_what_is_no_picture_leaves_nothing_behind(data: bytes) -> None:
    with pytest.raises(EditRefused) as refused:
        upload_logo(data, "logo.png")
    assert refused.value.problems["file"].startswith("logo.png: ")
    assert not Logo.objects.exists()


@pytest.mark.usefixtures("own_folder")
def test_a_scripted_svg_is_stored_without_its_scripts() -> None:
    logo, _ = upload_logo(SCRIPTED_SVG, "evil.png")  # the declared type does not count
    assert logo.stored_name.endswith(".svg")
    path = stored_path(logo.stored_name)
    assert path is not None
    assert b"alert" not in path.read_bytes()


def test_channels_follow_a_logo_to_its_new_address_and_back() -> None:
    logo, _ = add_logo("One", A)
    channel, other = make_channel("X", logo_url=A), make_channel("Y", logo_url=B)
    outcome = edit_logo(logo.pk, "Two", C)
    assert (logo_of(channel), logo_of(other)) == (C, B)
    assert outcome.message == "Changed the logo “One” and 1 channel."
    assert undo_batch(outcome.batch_id).conflicts == []
    assert logo_of(channel) == A
    assert Logo.objects.get().name == "One"


def test_an_address_that_another_logo_has_is_refused() -> None:
    one, _ = add_logo("One", A)
    add_logo("Two", B)
    with pytest.raises(EditRefused, match="already as “Two”"):
        edit_logo(one.pk, "One", B)
    with pytest.raises(NotThere):
        edit_logo(one.pk + 99, "One", C)
    assert edit_logo(one.pk, "One", A).message == "Nothing has changed."


def test_deleting_takes_the_logo_off_its_channels_and_can_be_undone() -> None:
    one, _ = add_logo("One", A)
    two, _ = add_logo("Two", B)
    channel = make_channel("X", logo_url=A)
    outcome = delete_logos([one.pk, two.pk, 999_999])
    assert logo_of(channel) == ""
    assert not Logo.objects.exists()
    assert outcome.message == "Deleted 2 logos; 1 channel lost it."
    undo_batch(outcome.batch_id)
    assert logo_of(channel) == A
    assert set(Logo.objects.values_list("pk", flat=True)) == {one.pk, two.pk}
    assert delete_logos([999_999]).message == "These logos were deleted already."


def test_only_logos_that_nobody_uses_by_then_are_deleted_as_unused() -> None:
    one, _ = add_logo("One", A)
    two, _ = add_logo("Two", B)
    make_channel("X", logo_url=B)
    outcome = delete_unused([one.pk, two.pk])
    assert set(Logo.objects.values_list("url", flat=True)) == {B}
    assert outcome.warnings == ["1 logo stayed: channels use it now."]


def test_addresses_that_channels_use_are_taken_in_once_and_named_after_the_channel() -> None:
    add_logo("One", A)
    make_channel("X", "5", logo_url=A)
    make_channel("Sky", "7", logo_url=B)
    make_channel("Sky HD", "8", logo_url=B)
    assert library_totals().unknown == 1
    outcome = adopt_used()
    assert outcome.message == "Added 1 logo to the library."
    assert Logo.objects.get(url=B).name == "Sky"
    assert not adopt_used().changed
    undo_batch(outcome.batch_id)
    assert library_totals().unknown == 1


def test_the_list_is_searched_sorted_counted_and_paged() -> None:
    for place in range(60):
        add_logo(f"Logo {place:02}", f"https://logos.example/{place}.png")
    add_logo("Ärzte-TV", A)
    for channel in "XYZ":
        make_channel(channel, logo_url=A)
    page = logo_page(LogoFilter(size=25, page=3))
    assert (page.total, page.pages, page.first, page.last) == (61, 3, 51, 61)
    assert logo_page(LogoFilter(size=25, page=99)).page == 3
    assert [row.logo.name for row in logo_page(LogoFilter(text="ärzte")).rows] == ["Ärzte-TV"]
    assert [row.logo.name for row in logo_page(LogoFilter(text="/7.png")).rows] == ["Logo 07"]
    top = logo_page(LogoFilter(sort="used", size=25)).rows[0]
    assert (top.logo.url, top.used) == (A, 3)
    assert logo_page(LogoFilter(only="unused")).total == 60
    assert logo_page(LogoFilter(only="broken")).rows == []


@pytest.mark.parametrize("sort", ["name", "used", "newest", "address"])
def test_queries_do_not_grow_with_the_library(django_assert_num_queries: DjangoAssertNumQueries, sort: str) -> None:
    for count in (5, 120):
        Logo.objects.bulk_create(Logo(name=f"{count} {i}", url=f"http://h/{count}/{i}") for i in range(count))
        Channel.objects.bulk_create(Channel(name=f"{i}", logo_url=f"http://h/{count}/{i}") for i in range(count))
        with django_assert_num_queries(5 if sort == "used" else 3):
            logo_page(LogoFilter(sort=sort))
        with django_assert_num_queries(5):
            library_totals()


def test_logos_come_from_the_first_stream_that_has_one() -> None:  # 10 §16, set logo from M3U
    bare, nonsense = make_streams(["a", "b"])
    first, second = make_streams(["c", "d"])
    for stream, address in ((nonsense, "provider/nonsense"), (first, A), (second, B)):
        stream.logo_url = address
        stream.save()
    one = make_channel("One", streams=[bare, nonsense, first, second])
    has = make_channel("Has", streams=[second], logo_url=B)
    none = make_channel("None", streams=[bare], logo_url=C)
    outcome = assign_logos([one.pk, has.pk, none.pk, 999_999], "stream")
    assert (outcome.assigned, outcome.unchanged, outcome.skipped) == (1, 1, 1)
    assert outcome.message == "Set the logo of 1 channel from the streams; 1 kept theirs; 1 skipped: no logo found."
    assert (logo_of(one), logo_of(none)) == (A, C)
    assert Logo.objects.get().name == "One"
    undo_batch(outcome.batch_id)
    assert logo_of(one) == ""
    assert not Logo.objects.exists()


def test_logos_come_from_the_guide_and_only_where_missing_when_asked() -> None:
    entry = make_entry("x.uk")
    entry.icon_url = A
    entry.save()
    one, has = make_channel("One", guide_entry=entry), make_channel("Has", guide_entry=entry, logo_url=B)
    bare = make_channel("Bare")
    ids = [one.pk, has.pk, bare.pk]
    assert vars(offer(ids, "guide")) == {"assigned": 2, "unchanged": 0, "skipped": 1}
    outcome = assign_logos(ids, "guide", only_missing=True)
    assert (outcome.assigned, outcome.unchanged, outcome.skipped) == (1, 1, 1)
    assert (logo_of(one), logo_of(has)) == (A, B)


def test_broken_logos_are_replaced_from_guide_else_stream_and_leave_the_library() -> None:
    broken, _ = add_logo("Broken", A)
    also, _ = add_logo("Also broken", B)
    Logo.objects.update(problem="404")
    entry = make_entry("x.uk")
    entry.icon_url = C
    entry.save()
    (stream,) = make_streams(["s"])
    stream.logo_url = "https://logos.example/d.png"
    stream.save()
    (bad,) = make_streams(["bad"])
    bad.logo_url = B  # known to be broken as well
    bad.save()
    guide = make_channel("G", guide_entry=entry, logo_url=A)
    other = make_channel("S", streams=[bad, stream], logo_url=A)
    nothing = make_channel("N", logo_url=A)
    outcome = repair_logos([broken.pk], "either", delete=True)
    assert (logo_of(guide), logo_of(other), logo_of(nothing)) == (C, stream.logo_url, A)
    assert outcome.message == "Replaced the logo of 2 channels. For 1 channel none was found."
    done = repair_logos([broken.pk, also.pk], "clear", delete=True)
    assert logo_of(nothing) == ""
    assert not Logo.objects.filter(pk__in=[broken.pk, also.pk]).exists()
    assert undo_batch(done.batch_id).conflicts == []
    assert logo_of(nothing) == A


def test_a_broken_logo_is_replaced_by_an_address() -> None:
    broken, _ = add_logo("Broken", A)
    channel = make_channel("X", logo_url=A)
    with pytest.raises(EditRefused) as refused:
        repair_logos([broken.pk], "url", address="nonsense")
    assert set(refused.value.problems) == {"url"}
    repair_logos([broken.pk], "url", address=B)
    assert logo_of(channel) == B
    assert set(Logo.objects.values_list("url", flat=True)) == {A, B}


def test_a_deleted_logo_comes_back_alone() -> None:
    logo, _ = add_logo("One", A)
    delete_logos([logo.pk])
    undo_entry(JournalEntry.objects.get(action_type="logo_delete"))
    assert Logo.objects.get().pk == logo.pk
