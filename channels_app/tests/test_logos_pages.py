"""The pages of the library, with htmx and as plain forms."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_app.logos.edit_logos import add_logo
from channels_app.models import Channel, Logo
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from channels_app.tests.logo_fixtures import SCRIPTED_SVG, bomb_png, own_folder, png
from tasks_app.models import TaskRun

__all__ = ["own_folder"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_folder")]

A, B = "https://logos.example/a.png", "https://logos.example/b.png"
HTMX = {"HTTP_HX_REQUEST": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def told(answer: Any) -> list[str]:
    return [item["text"] for item in json.loads(answer["HX-Trigger"])["toasts"]["items"]]


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/png")


def test_the_page_shows_pictures_names_addresses_and_use(alice: Client) -> None:
    add_logo("<b>Sky</b>", A)
    make_channel("Sky One", logo_url=A)
    page = text(alice.get("/logos/"))
    assert "&lt;b&gt;Sky&lt;/b&gt;" in page
    assert "<b>Sky</b>" not in page
    assert "/logos/thumb/" in page
    assert "1 channel" in page
    assert "1–1 of 1" in page
    grid = text(alice.get("/logos/?view=grid", **HTMX))
    assert "logo-grid" in grid
    assert "<html" not in grid


def test_an_empty_library_says_what_to_do(alice: Client) -> None:
    assert "The library is empty" in text(alice.get("/logos/"))
    assert "No logo matches" in text(alice.get("/logos/?q=nothing"))


def test_nonsense_in_the_address_is_no_error(alice: Client) -> None:
    for query in ("page=99999999999999999999", "page=-1", "size=7", "sort=x", "only=x", "q=%00", "page=%F0%9F%98%80"):
        assert alice.get(f"/logos/?{query}").status_code == 200


def test_addresses_are_added_changed_and_refused_beside_their_field(alice: Client) -> None:
    refused = alice.post("/logos/add/", {"name": "", "url": "x"}, **HTMX)
    assert refused.status_code == 422
    assert "Give the logo a name" in text(refused)
    assert "begins with http" in text(refused)
    made = alice.post("/logos/add/", {"name": "Sky", "url": A}, **HTMX)
    assert made.status_code == 204
    assert "logos:changed" in made["HX-Trigger"]
    logo = Logo.objects.get()
    assert alice.post(f"/logos/{logo.pk}/", {"name": "Sky 2", "url": B}).status_code == 302
    assert Logo.objects.get().url == B
    assert alice.get("/logos/999999/").status_code == 404


def test_several_files_are_uploaded_and_the_bad_ones_told(alice: Client) -> None:
    files = [upload("Sky.png", png()), upload("evil.png", SCRIPTED_SVG), upload("bomb.png", bomb_png()), upload("e.png", b"")]
    answer = alice.post("/logos/upload/", {"file": files}, **HTMX)
    assert set(Logo.objects.values_list("name", flat=True)) == {"Sky", "evil"}
    sentences = told(answer)
    assert sentences[0] == "Uploaded 2 logos."
    assert any(sentence.startswith("bomb.png: ") for sentence in sentences)
    only_bad = alice.post("/logos/upload/", {"file": [upload("x.png", b"<html>")]}, **HTMX)
    assert only_bad.status_code == 422
    assert "x.png: This is not a picture" in text(only_bad)
    assert "Choose at least one file" in text(alice.post("/logos/upload/", {}, **HTMX))


def test_deleting_names_the_channels_that_lose_their_logo(alice: Client) -> None:
    logo, _ = add_logo("Sky", A)
    make_channel("Sky One", "7", logo_url=A)
    asked = text(alice.get(f"/logos/delete/?logo={logo.pk}", **HTMX))
    assert "1 channel will have no logo then" in asked
    assert "7 Sky One" in asked
    assert Logo.objects.exists()
    alice.post("/logos/delete/", {"logo": str(logo.pk), "confirmed": "1"}, **HTMX)
    assert not Logo.objects.exists()
    assert Channel.objects.get().logo_url == ""


def test_unused_logos_are_ticked_and_deleted_in_one_go(alice: Client) -> None:
    for place in range(205):
        add_logo(f"L{place:03}", f"https://logos.example/{place}.png")
    page = text(alice.get("/logos/unused/", **HTMX))
    assert page.count("checked") == 201  # each, and the rest
    shown = page.split('name="shown" value="')[1].split('"')[0].split(",")
    values = {"confirmed": "1", "shown": ",".join(shown), "logo": shown[1:], "rest": "1"}
    alice.post("/logos/unused/", values, **HTMX)
    assert list(Logo.objects.values_list("pk", flat=True)) == [int(shown[0])]  # the one that was not ticked


def test_who_uses_a_logo(alice: Client) -> None:
    logo, _ = add_logo("Sky", A)
    make_channel("Sky One", "7", logo_url=A)
    assert "Sky One" in text(alice.get(f"/logos/{logo.pk}/channels/"))


def test_what_channels_use_is_taken_in(alice: Client) -> None:
    make_channel("Sky One", logo_url=A)
    assert "1 logo address " in text(alice.get("/logos/"))
    alice.post("/logos/adopt/")
    assert Logo.objects.get().name == "Sky One"


def test_the_check_is_a_run_that_can_be_watched_and_starts_once(alice: Client) -> None:
    assert "run-progress" in text(alice.post("/logos/check/", **HTMX))
    alice.post("/logos/check/")
    assert TaskRun.objects.filter(task_id="logo_check").count() == 1
    assert "run-progress" in text(alice.get("/logos/"))


def test_broken_logos_are_replaced_from_their_dialog(alice: Client) -> None:
    logo, _ = add_logo("Sky", A)
    Logo.objects.update(problem="404")
    (stream,) = make_streams(["s"])
    stream.logo_url = B
    stream.save()
    channel = make_channel("Sky One", logo_url=A, streams=[stream])
    dialog = text(alice.get(f"/logos/repair/?logo={logo.pk}", **HTMX))
    assert "0 have another picture in the guide, 1 on a stream" in dialog
    refused = alice.post("/logos/repair/", {"logo": logo.pk, "how": "url", "url": "", "confirmed": "1"}, **HTMX)
    assert refused.status_code == 422
    alice.post("/logos/repair/", {"logo": logo.pk, "how": "either", "delete": "on", "confirmed": "1"}, **HTMX)
    channel.refresh_from_db()
    assert channel.logo_url == B
    assert set(Logo.objects.values_list("url", flat=True)) == {B}


def test_a_selection_gets_its_logos_from_its_streams(alice: Client) -> None:
    (stream,) = make_streams(["s"])
    stream.logo_url = B
    stream.save()
    one, two = make_channel("A", streams=[stream]), make_channel("B")
    shown = text(alice.get(f"/channels/logos/assign/?from=stream&channel={one.pk},{two.pk}", **HTMX))
    assert "Set logo from M3U" in shown
    answer = alice.post(
        "/channels/logos/assign/", {"from": "stream", "channel": f"{one.pk},{two.pk}", "confirmed": "1"}, **HTMX
    )
    assert told(answer)[0] == "Set the logo of 1 channel from the streams; 1 skipped: no logo found."
    everything = {"from": "guide", "all": "1", "confirmed_count": "3", "confirmed": "1"}
    assert "now it is 2" in json.dumps(told(alice.post("/channels/logos/assign/", everything, **HTMX)))


def test_the_picker_pages_searches_and_adds(alice: Client) -> None:
    for place in range(60):
        add_logo(f"L{place:03}", f"https://logos.example/{place}.png")
    first = text(alice.get("/logos/picker/"))
    assert "No logo" in first
    assert first.count('class="logo-choice"') == 49
    assert "49–60 of 60" in text(alice.get("/logos/picker/?logo_page=2"))
    assert "1–1 of 1" in text(alice.get("/logos/picker/?logo_find=L007"))
    added = text(alice.post("/logos/picker/add/", {"new_logo_url": "https://logos.example/New%20One.png"}))
    assert 'data-chosen="https://logos.example/New%20One.png"' in added
    assert Logo.objects.filter(name="New One").exists()
    uploaded = text(alice.post("/logos/picker/add/", {"new_logo_file": upload("Fresh.png", png())}))
    assert 'data-chosen-name="Fresh"' in uploaded
    refused = alice.post("/logos/picker/add/", {"new_logo_file": upload("x.png", b"no")})
    assert refused.status_code == 422
    assert "not a picture" in text(refused)


def test_long_and_hostile_names_are_shown_as_text(alice: Client) -> None:
    make_channel("=cmd|' /C calc'!A0 <script>alert(1)</script>" + "x" * 400, logo_url=A)
    alice.post("/logos/adopt/")
    page = text(alice.get("/logos/"))
    assert "<script>alert(1)" not in page
    assert len(Logo.objects.get().name) <= 255
