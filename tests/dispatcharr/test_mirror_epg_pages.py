"""The EPG Manager while a server is mirrored: what it cannot do is explained, what waits is marked, nobody asks the server."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ecm_site.dispatcharr.session import Session
from epg_app.edit_source import edit_source, reorder_sources
from epg_app.guideless import Guideless
from epg_app.mirror.guide_sources import KIND
from epg_app.models import GuideSource, SourceStatus
from epg_app.source_values import SourceRefused, SourceValues
from epg_app.tests.samples import HTMX, guide_of, make_entries, make_source
from tasks_app.models import MirrorLink, MirrorState, OutboxEntry, OutboxState, TaskRun

pytestmark = pytest.mark.django_db

ADD = "/guide/add/"


@pytest.fixture(autouse=True)
def connected(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CONFIG_DIR = tmp_path
    settings.UPLOAD_DIR = tmp_path / "uploads"
    MirrorState.objects.create(pk=1, connected=True, address="http://192.0.2.1:9191")

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a page talked to the server")

    monkeypatch.setattr(Session, "_json", never)
    monkeypatch.setattr(Session, "get_body", never)


def mirrored(name: str = "Guide", **values: Any) -> GuideSource:
    """A source that both sides have, with nothing waiting."""
    source = make_source(name, **values)
    MirrorLink.objects.create(kind=KIND, local_id=source.pk, remote_id=source.pk + 100)
    OutboxEntry.objects.filter(kind=KIND, local_id=source.pk).delete()
    return source


def posted(**values: Any) -> dict[str, Any]:
    plain = {"source_type": "xmltv", "name": "Guide", "url": "http://guide.example/guide.xml", "priority": "0"}
    return plain | {"refresh_interval": "24", "is_active": "on", "refresh_now": "on"} | values


def waiting(source: GuideSource) -> bool:
    return OutboxEntry.objects.filter(kind=KIND, local_id=source.pk).exists()


def test_the_form_has_only_what_the_server_understands_and_says_why(admin_client: Client) -> None:
    page = admin_client.get(ADD, headers=HTMX).content.decode()
    for name in ("time_shift_minutes", "assume_timezone", "preferred_language", "user_agent", "keep_unmapped", "username"):
        assert f'name="{name}"' not in page
    assert "Dispatcharr reads this guide. It has no settings for language, time zone" in page
    for name in ("name", "url", "priority", "refresh_interval", "is_active"):
        assert f'name="{name}"' in page
    page = admin_client.get(f"{ADD}?type=xmltv_file", headers=HTMX).content.decode()
    assert 'name="guide_file"' in page
    assert 'name="file_path"' not in page


def test_a_new_source_waits_for_delivery_and_its_refresh_is_watched(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(), headers=HTMX)
    assert answer.status_code == 204
    assert "sent to Dispatcharr, which loads its guide" in answer.headers["HX-Trigger"]
    source = GuideSource.objects.get()
    assert waiting(source)
    assert TaskRun.objects.filter(task_id="epg_refresh", lock_key=f"epg:{source.pk}").exists()


def test_an_edit_keeps_what_the_form_does_not_show(admin_client: Client) -> None:
    stored = {"preferred_language": "en", "assume_timezone": "Europe/Paris", "time_shift_minutes": 30, "user_agent": "VLC"}
    source = mirrored(username="alice", keep_unmapped=True, allow_private_addresses=True, **stored)
    url = reverse("guide:edit", args=[source.pk])
    assert admin_client.post(url, posted(name="Renamed", priority="5"), headers=HTMX).status_code == 204
    source.refresh_from_db()
    assert (source.name, source.priority, source.username) == ("Renamed", 5, "alice")
    assert {name: getattr(source, name) for name in stored} == stored
    assert source.keep_unmapped
    assert source.allow_private_addresses
    assert waiting(source)


def test_saving_without_a_change_queues_nothing(admin_client: Client) -> None:
    source = mirrored()
    admin_client.post(reverse("guide:edit", args=[source.pk]), posted(), headers=HTMX)
    assert not waiting(source)


def test_switching_and_ordering_go_the_ordinary_way(admin_client: Client) -> None:
    one, two = mirrored("One"), mirrored("Two")
    admin_client.post(reverse("guide:toggle", args=[one.pk]), {"active": "0"}, headers=HTMX)
    assert waiting(one)
    assert not waiting(two)
    reorder_sources([two.pk, one.pk])
    assert waiting(two)


def test_what_a_refresh_knows_is_no_change_to_deliver() -> None:
    source = mirrored()
    GuideSource.objects.filter(pk=source.pk).update(status=SourceStatus.PARSING, entry_count=5, programme_count=7)
    assert not waiting(source)


def test_waiting_refused_and_contested_rows_are_marked_in_the_list(
    admin_client: Client, django_assert_num_queries: Any
) -> None:
    sources = [mirrored(f"G{number}") for number in range(3)]
    for source, state in zip(sources, OutboxState.values, strict=True):
        OutboxEntry.objects.create(kind=KIND, local_id=source.pk, state=state, reason="Because <b>so</b>.")
    url = reverse("guide:sources")
    page = admin_client.get(url).content.decode()
    assert page.count('class="server-waits ') == 3
    assert "Cannot be delivered: Because &lt;b&gt;so" in page
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as few:
        admin_client.get(url)
    for number in range(3, 30):
        OutboxEntry.objects.create(kind=KIND, local_id=mirrored(f"G{number}").pk)
    with CaptureQueriesContext(connection) as many:
        assert admin_client.get(url).content.decode().count('class="server-waits ') == 30
    assert len(many) <= len(few)


def test_kinds_of_the_server_are_shown_as_such_and_offer_what_works(admin_client: Client) -> None:
    dummy = mirrored("Filler", source_type="dummy", url="")
    direct = mirrored("Direct", source_type="schedules_direct", url="", username="me", cron_expression="0 4 * * *")
    page = admin_client.get(reverse("guide:sources")).content.decode()
    assert "Generated" in page
    assert "Schedules Direct" in page
    assert "none needed" in page
    assert page.index("Direct</a>") < page.index("Generated by Dispatcharr") < page.index("Filler</a>"), "a block of their own"
    assert "Dispatcharr's times" in page or "Dispatcharr&#x27;s times" in page
    assert f'id="refresh-{dummy.pk}" aria-label="Refresh Filler" title="Refresh" disabled' in page
    assert f'id="refresh-{direct.pk}" aria-label="Refresh Direct" title="Refresh">' in page
    form = admin_client.get(reverse("guide:edit", args=[direct.pk]), headers=HTMX).content.decode()
    assert 'name="username"' in form
    assert 'name="password"' in form
    assert "tells nobody the password" in form
    assert "0 4 * * *" in form
    assert 'name="test"' not in form
    form = admin_client.get(reverse("guide:edit", args=[dummy.pk]), headers=HTMX).content.decode()
    assert 'name="url"' not in form
    assert "generates this guide by its own rules" in form
    for source, name in ((dummy, "Filler 2"), (direct, "Direct 2")):
        values = posted(name=name, source_type=source.source_type, url="", username="me")
        answer = admin_client.post(reverse("guide:edit", args=[source.pk]), values, headers=HTMX)
        assert answer.status_code == 204, answer.content.decode()
        source.refresh_from_db()
        assert source.name == name
    assert admin_client.get(reverse("guide:source", args=[dummy.pk])).status_code == 200


def test_kinds_of_the_server_cannot_be_added_here(admin_client: Client) -> None:
    answer = admin_client.post(ADD, posted(source_type="dummy", url=""), headers=HTMX)
    assert answer.status_code == 422
    assert not GuideSource.objects.exists()
    with pytest.raises(SourceRefused):
        edit_source(mirrored().pk, SourceValues(name="Guide", source_type="dummy"))


def test_an_upload_is_taken_once_and_cannot_be_exchanged(admin_client: Client, tmp_path: Path) -> None:
    upload = SimpleUploadedFile("guide.xml", guide_of({"a": ["One"]}).encode())
    answer = admin_client.post(ADD, posted(source_type="xmltv_file", name="Up", guide_file=upload), headers=HTMX)
    assert answer.status_code == 204, answer.content.decode()
    source = GuideSource.objects.get(name="Up")
    assert Path(source.file_path).is_file()
    url = reverse("guide:edit", args=[source.pk])
    form = admin_client.get(url, headers=HTMX).content.decode()
    assert 'name="guide_file"' not in form
    assert "add the new one as another source" in form
    assert admin_client.post(url, posted(source_type="xmltv_file", name="Up 2"), headers=HTMX).status_code == 204
    other = SimpleUploadedFile("other.xml", guide_of({"b": ["Two"]}).encode())
    answer = admin_client.post(url, posted(source_type="xmltv_file", name="Up 2", guide_file=other), headers=HTMX)
    assert answer.status_code == 422
    assert "cannot exchange an uploaded guide" in answer.content.decode()


def test_a_path_on_this_machine_means_nothing_to_the_server(tmp_path: Path) -> None:
    from epg_app.create_source import create_source

    (tmp_path / "guide.xml").write_text("<tv/>")
    with pytest.raises(SourceRefused, match="cannot read the data folder"):
        create_source(SourceValues(name="Path", source_type="xmltv_file", file_path="guide.xml"))
    GuideSource.objects.all().delete()
    gone = mirrored("Of the server", source_type="xmltv_file", url="", file_path="/data/uploads/epgs/up.xml")
    values = SourceValues(name="Renamed", source_type="xmltv_file", file_path="/data/uploads/epgs/up.xml")
    assert edit_source(gone.pk, values).changed == ("name",)


def test_deleting_says_that_it_is_for_everybody(admin_client: Client) -> None:
    source = mirrored()
    page = admin_client.get(reverse("guide:delete", args=[source.pk]), headers=HTMX).content.decode()
    assert "deleted on Dispatcharr as well" in page
    admin_client.post(reverse("guide:delete", args=[source.pk]), headers=HTMX)
    assert not GuideSource.objects.exists()
    assert waiting(source)
    assert MirrorLink.objects.filter(kind=KIND, local_id=source.pk).exists()


def test_pages_of_a_source_and_its_channels_explain_where_programmes_come_from(admin_client: Client) -> None:
    source = mirrored()
    (entry,) = make_entries(source, "a")
    page = admin_client.get(reverse("guide:source", args=[source.pk])).content.decode()
    assert "Dispatcharr reads this guide and tells" in page
    assert "Time zone</dt>" not in page
    page = admin_client.get(reverse("guide:entry", args=[entry.pk])).content.decode()
    assert "Dispatcharr loads programmes of guide channels that its channels use" in page


# --- the server's own matching ------------------------------------------------------------------------------------------


@pytest.fixture
def guideless(monkeypatch: pytest.MonkeyPatch) -> Any:
    def tell(ids: tuple[int, ...], left_out: int = 0) -> None:
        for module in ("epg_app.views.match", "epg_app.mirror.match_on_server"):
            monkeypatch.setattr(f"{module}.guideless_channels", lambda: Guideless(ids, left_out))

    return tell


def test_the_button_says_first_how_many_channels_have_no_guide(admin_client: Client, guideless: Any) -> None:
    guideless(tuple(range(1204)), left_out=1)
    url = reverse("guide:match")
    assert url in admin_client.get(reverse("guide:sources")).content.decode()
    for headers in ({}, HTMX):
        page = admin_client.get(url, headers=headers).content.decode()
        assert "<strong>1,204 channels</strong> have no guide" in page
        assert "1 more without a guide is left alone" in page
    assert not TaskRun.objects.exists()
    admin_client.post(url, headers=HTMX)
    assert TaskRun.objects.get().task_id == "epg_match_on_server"
    assert "looking for guides already" in admin_client.post(url, headers=HTMX).headers["HX-Trigger"]


def test_nothing_to_match_starts_nothing(admin_client: Client, guideless: Any) -> None:
    guideless(())
    assert "has one" in admin_client.get(reverse("guide:match"), headers=HTMX).content.decode()
    admin_client.post(reverse("guide:match"), headers=HTMX)
    assert not TaskRun.objects.exists()


def test_standalone_there_is_nobody_to_match(admin_client: Client) -> None:
    MirrorState.objects.update(connected=False)
    assert reverse("guide:match") not in admin_client.get(reverse("guide:sources")).content.decode()
    answer = admin_client.post(reverse("guide:match"), headers=HTMX)
    assert "No Dispatcharr server is connected" in answer.headers["HX-Trigger"]
