"""Small copies: made once through the guarded client, only for addresses that a page of ours signed."""

import os
import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.logos import thumbnails
from channels_app.logos.edit_logos import upload_logo
from channels_app.logos.thumbnails import Broken, NotHere, shown_address, signature, thumbnail_of
from channels_app.tests.logo_fixtures import SCRIPTED_SVG, bomb_png, own_folder, pictures, png, sends
from ecm_site.conf import save_settings
from ecm_site.tests.http_server import Server
from m3u_app.models import Account

__all__ = ["own_folder", "pictures"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    return client


def test_a_picture_is_fetched_once_and_then_served_from_the_copy(pictures: Server, browser: Client) -> None:
    pictures.routes["/big.png"] = sends(png(800, 400))
    address = shown_address(pictures.url("/big.png"))
    first, second = browser.get(address), browser.get(address)
    assert first.status_code == second.status_code == 200
    assert first["Content-Type"] == "image/webp"
    assert len(first.content) < 2000
    assert "max-age=604800" in first["Cache-Control"]
    assert "sandbox" in first["Content-Security-Policy"]
    assert first["X-Content-Type-Options"] == "nosniff"
    assert len(pictures.calls) == 1
    known = browser.get(address, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (known.status_code, known.content) == (304, b"")


def test_nobody_can_have_other_addresses_fetched(pictures: Server, browser: Client) -> None:
    url = pictures.url("/good.png")
    assert browser.get(f"/logos/thumb/{'0' * 32}?u={url}").status_code == 404
    assert browser.get(f"/logos/thumb/{signature(url)}?u={url}x").status_code == 404
    assert browser.get(f"/logos/thumb/{signature('')}?u=").status_code == 404
    assert Client().get(shown_address(url)).status_code in (302, 401)  # signed out
    assert pictures.calls == []


def test_a_broken_picture_leads_to_the_original_and_is_not_asked_for_again(pictures: Server, browser: Client) -> None:
    for path, answer in {
        "/gone.png": sends(b"no", status="404 Not Found"),
        "/page.png": sends(b"<html>blocked</html>", "image/png"),
        "/bomb.png": sends(bomb_png()),
        "/empty.png": sends(b""),
        "/huge.png": sends(b"\x89PNG\r\n\x1a\n" + b"\0" * 6_000_000),
    }.items():
        pictures.routes[path] = answer
        pictures.calls.clear()
        url = pictures.url(path)
        answers = [browser.get(shown_address(url)) for _ in range(2)]
        assert [one.status_code for one in answers] == [302, 302], path
        assert answers[0]["Location"] == url
        assert len(pictures.calls) == 1, path


def test_a_scripted_svg_is_harmless(pictures: Server, browser: Client) -> None:
    pictures.routes["/evil.svg"] = sends(SCRIPTED_SVG, "image/svg+xml")
    answer = browser.get(shown_address(pictures.url("/evil.svg")))
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"alert" not in answer.content
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_hosts_in_the_local_network_are_asked_only_if_they_are_sources(pictures: Server, browser: Client) -> None:
    Account.objects.all().delete()
    url = pictures.url("/good.png")
    answer = browser.get(shown_address(url))
    assert (answer.status_code, answer["Location"]) == (302, url)  # the browser may try for itself
    assert pictures.calls == []


def test_while_all_hands_are_busy_the_browser_gets_the_original(pictures: Server) -> None:
    release = threading.Event()

    def slow(call: Any) -> None:
        release.wait(60)
        call.answer(png())

    pictures.routes["/slow.png"] = slow
    url = pictures.url("/slow.png")
    thumbnails.fetch_picture(pictures.url("/good.png"), seconds=30)  # the hosts of sources are known from here on
    worker = threading.Thread(target=lambda: thumbnail_of(url))
    worker.start()
    try:
        ends = time.monotonic() + 30
        while not any(call.path == "/slow.png" for call in pictures.calls) and time.monotonic() < ends:
            time.sleep(0.01)
        with pytest.raises(NotHere):  # the same picture is being fetched already
            thumbnail_of(url)
        for _ in range(thumbnails.AT_ONCE - 1):
            assert thumbnails._hands.acquire(blocking=False)
        with pytest.raises(NotHere):
            thumbnail_of(pictures.url("/good.png"))
    finally:
        for _ in range(thumbnails.AT_ONCE - 1):
            thumbnails._hands.release()
        release.set()
        worker.join(30)
    assert thumbnail_of(url).path.exists()


def test_an_old_copy_is_renewed_and_kept_when_the_original_is_gone(pictures: Server) -> None:
    url = pictures.url("/good.png")
    path = thumbnail_of(url).path
    long_ago = time.time() - 40 * 86_400
    os.utime(path, (long_ago, long_ago))
    pictures.routes["/good.png"] = sends(b"", status="500 Oops")
    assert thumbnail_of(url).path == path
    pictures.routes["/good.png"] = sends(png(10, 10, "#ff0000"))
    thumbnail_of(url)
    assert path.stat().st_mtime > long_ago + 86_400


def test_the_oldest_copies_go_beyond_their_room(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for place in range(3):
        pictures.routes[f"/{place}.png"] = sends(png(50 + place, 50))
        paths.append(thumbnail_of(pictures.url(f"/{place}.png")).path)
        os.utime(paths[-1], (1_000_000 + place, 1_000_000 + place))
    monkeypatch.setattr(thumbnails, "LARGEST_CACHE", sum(path.stat().st_size for path in paths) - 1)
    assert thumbnails.remove_surplus(dry_run=True)[0] == 1
    assert thumbnails.remove_surplus()[0] == 1
    assert [path.exists() for path in paths] == [False, True, True]


@pytest.mark.usefixtures("own_folder")
def test_uploaded_pictures_have_copies_too_and_are_served_to_players(browser: Client) -> None:
    logo, _ = upload_logo(png(500, 500), "a.png")
    assert browser.get(shown_address(logo.url))["Content-Type"] == "image/webp"
    answer = Client().get(logo.url)  # a player in the local network, signed in nowhere
    assert answer["Content-Type"] == "image/png"
    assert b"".join(answer.streaming_content) == png(500, 500)
    assert "immutable" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Client().get(logo.url, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    assert Client().get(logo.url.replace(logo.stored_name[:8], "00000000")).status_code == 404
    assert Client().get("/logos/../settings.json").status_code == 404


@pytest.mark.usefixtures("own_folder")
def test_an_uploaded_picture_is_shown_itself_while_all_hands_are_busy(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    logo, _ = upload_logo(png(), "a.png")
    monkeypatch.setattr(thumbnails, "_hands", threading.BoundedSemaphore(1))
    with thumbnails._hands:
        answer = browser.get(shown_address(logo.url))
    assert (answer.status_code, answer["Location"], answer["Cache-Control"]) == (302, logo.url, "no-store")


@pytest.mark.usefixtures("own_folder")
def test_players_from_elsewhere_get_no_uploaded_picture_without_a_token() -> None:
    logo, _ = upload_logo(png(), "a.png")
    assert Client().get(logo.url, REMOTE_ADDR="203.0.113.9").status_code == 403
    save_settings(output_access="token")
    assert Client().get(logo.url).status_code == 403


@pytest.mark.usefixtures("own_folder")
def test_without_copies_pages_show_the_originals() -> None:
    assert shown_address("http://h/a.png").startswith("/logos/thumb/")
    assert shown_address("") == ""
    save_settings(cache_logos=False)
    assert shown_address("http://h/a.png") == "http://h/a.png"
    for address in ("javascript:alert(1)", "data:image/png;base64,AA==", "file:///etc/passwd"):
        assert shown_address(address) == ""


def test_a_failed_picture_is_told(pictures: Server) -> None:
    pictures.routes["/gone.png"] = sends(b"", status="404 Not Found")
    with pytest.raises(Broken):
        thumbnail_of(pictures.url("/gone.png"))
