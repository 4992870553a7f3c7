"""The background check finds what cannot be loaded, politely, and can be stopped; the clean-up keeps what is mentioned."""

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app.logos import check_logos as check
from channels_app.logos.check_logos import check_logos
from channels_app.logos.clean_up import unused_files
from channels_app.logos.edit_logos import add_logo, delete_logos, upload_logo
from channels_app.logos.library import LogoFilter, logo_page
from channels_app.logos.store import stored_path
from channels_app.models import Channel, Logo
from channels_app.tests.lineup_fixtures import make_channel
from channels_app.tests.logo_fixtures import own_folder, pictures, png, sends
from ecm_site.tests.http_server import Server
from tasks_app.cleanup.steps import Context
from tasks_app.engine import run_here
from tasks_app.progress import Cancelled, NoProgress

__all__ = ["own_folder", "pictures"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PAUSE", 0)


def test_broken_logos_are_listed_with_their_reason_and_their_channels(pictures: Server) -> None:
    pictures.routes["/gone.png"] = sends(b"", status="404 Not Found")
    pictures.routes["/page.png"] = sends(b"<html>nothing here</html>")
    good, _ = add_logo("Good", pictures.url("/good.png"))
    gone, _ = add_logo("Gone", pictures.url("/gone.png"))
    make_channel("Sky", logo_url=pictures.url("/page.png"))  # not in the library yet
    run = run_here("logo_check")
    assert run.success
    assert run.message == "Checked 3 logos: 2 broken; 1 that channels use were added to the library."
    found = {row.logo.name: row for row in logo_page(LogoFilter(only="broken")).rows}
    assert set(found) == {"Gone", "Sky"}
    assert "404" in found["Gone"].logo.problem
    assert "not a picture" in found["Sky"].logo.problem
    assert found["Sky"].used == 1
    good.refresh_from_db()
    assert good.checked_at is not None
    pictures.routes["/gone.png"] = sends(png())
    check_logos(progress=NoProgress(), logo_ids=[gone.pk])
    gone.refresh_from_db()
    assert gone.problem == ""


def test_a_server_that_stumbles_once_is_asked_again(pictures: Server) -> None:
    calls = []

    def stumbling(call: Any) -> None:
        calls.append(call)
        if len(calls) > 1:
            call.answer(png())  # the first time it hangs up without a word

    pictures.routes["/a.png"] = stumbling
    logo, _ = add_logo("A", pictures.url("/a.png"))
    assert check_logos(progress=NoProgress()).broken == 0
    assert len(calls) == 2
    logo.refresh_from_db()
    assert logo.problem == ""


def test_at_most_two_at_once_from_one_host(pictures: Server) -> None:
    working, most, guard = [], [0], threading.Lock()

    def counting(call: Any) -> None:
        with guard:
            working.append(call)
            most[0] = max(most[0], len(working))
        time.sleep(0.03)
        with guard:
            working.remove(call)
        call.answer(png())

    for place in range(12):
        pictures.routes[f"/{place}.png"] = counting
        add_logo(str(place), pictures.url(f"/{place}.png"))
    assert check_logos(progress=NoProgress()).checked == 12
    assert most[0] == 2


def test_pictures_in_the_local_network_are_not_called_broken(pictures: Server) -> None:
    logo, _ = add_logo("NAS", "http://10.255.255.1/logo.png")
    report = check_logos(progress=NoProgress())
    assert (report.checked, report.broken, report.skipped) == (0, 0, 1)
    logo.refresh_from_db()
    assert (logo.problem, logo.checked_at) == ("", None)


def test_a_missing_upload_is_broken(pictures: Server) -> None:
    logo, _ = upload_logo(png(), "a.png")
    path = stored_path(logo.stored_name)
    assert path is not None
    path.unlink()
    check_logos(progress=NoProgress())
    logo.refresh_from_db()
    assert logo.problem == "The uploaded file is gone. Upload it again."


def test_a_check_can_be_stopped_and_what_was_found_stays(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "WRITTEN_AT_ONCE", 1)
    for place in range(30):
        pictures.routes[f"/{place}.png"] = sends(png())
        add_logo(str(place), pictures.url(f"/{place}.png"))

    class Stopping(NoProgress):
        def report(self, **values: Any) -> None:
            self.current = values.get("current", 0)

        def raise_if_cancelled(self) -> None:
            if getattr(self, "current", 0) >= 3:
                raise Cancelled

    with pytest.raises(Cancelled):
        check_logos(progress=Stopping())
    assert 3 <= Logo.objects.exclude(checked_at=None).count() < 30
    assert len(pictures.calls) < 30


# --- clean-up ---------------------------------------------------------------------------------------------------------


def clean(*, days: int = 30) -> int:
    return unused_files(Context(timezone.now(), days, False, NoProgress())).deleted


def aged(change: Callable[[], object] | None, name: str, days: float) -> None:
    """Make a file and its mark look ``days`` old."""
    path = stored_path(name)
    assert path is not None
    when = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(path, (when, when))
    mark = path.with_name(path.name + ".unused")
    if mark.exists():
        os.utime(mark, (when, when))


def test_an_uploaded_file_goes_only_long_after_nothing_mentions_it(pictures: Server) -> None:
    logo, _ = upload_logo(png(), "a.png")
    name = logo.stored_name
    make_channel("A", logo_url=logo.url)
    aged(None, name, 400)
    assert clean() == 0
    delete_logos([logo.pk])
    assert not Channel.objects.exclude(logo_url="").exists()
    assert clean() == 0  # marked
    assert stored_path(name)
    aged(None, name, 10)
    assert clean() == 0
    aged(None, name, 31)
    assert clean() == 1
    assert stored_path(name) is None


def test_a_file_that_is_mentioned_again_loses_its_mark(pictures: Server) -> None:
    logo, _ = upload_logo(png(), "a.png")
    name, url = logo.stored_name, logo.url
    delete_logos([logo.pk])
    aged(None, name, 40)
    clean()
    aged(None, name, 40)
    make_channel("A", logo_url=url)
    assert clean() == 0
    Channel.objects.all().delete()
    assert clean() == 0  # the time begins anew
    assert stored_path(name)
