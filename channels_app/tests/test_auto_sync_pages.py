"""The pages of auto-sync: settings of a group with their preview, the account's overview, leftovers, sync now."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.autosync.change_settings import change_settings
from channels_app.autosync.preview import preview_sync
from channels_app.autosync.settings import Numbering, SortOrder, SyncSettings, read_settings
from channels_app.autosync.sync_account import sync_account
from channels_app.models import AccountSync, Channel
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_streams
from m3u_app.models import StreamGroup
from tasks_app.models import JournalEntry, TaskRun
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def group() -> StreamGroup:
    make_streams(["Fox HD", "PPV HD 1", "Fox"])
    return StreamGroup.objects.get()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    accounts: list[int] = []
    monkeypatch.setattr("channels_app.views.auto_sync_group.request_sync", accounts.append)
    return accounts


def typed(**values: str) -> dict[str, str]:
    return {"numbering": "fixed", "sort_order": "provider", "fallback": "1", "group_id": "", "guide": ""} | values


def url(group: StreamGroup, name: str = "auto_sync_group") -> str:
    return reverse(f"channels:{name}", args=[group.pk])


def test_saving_stores_all_options_keeps_unknown_ones_and_asks_for_a_sync(
    admin_client: Client, group: StreamGroup, asked: list[int]
) -> None:
    group.sync_settings = {"xc_id": "17", "made_elsewhere": 4}
    group.save()
    values = typed(switched_on="on", numbering="provider", start="100", end="199.5", fallback="150", compact="on", include="hd")
    values |= {"exclude": "PPV", "rename_pattern": "HD", "sort_order": "name", "sort_reverse": "on", "guide": "none"}
    response = admin_client.post(url(group), values, headers=HTMX)
    assert response.status_code == 204
    group.refresh_from_db()
    assert read_settings(group) == SyncSettings(
        start=Decimal(100), end=Decimal("199.5"), numbering=Numbering.PROVIDER, fallback=Decimal(150), compact=True,
        include="hd", exclude="PPV", rename_pattern="HD", sort_order=SortOrder.NAME, sort_reverse=True, no_guide=True,
    )  # fmt: skip
    assert (group.auto_channel_sync, group.sync_settings["xc_id"], group.sync_settings["made_elsewhere"]) == (True, "17", 4)
    assert asked == [group.account_id]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"include": "("}, "no valid pattern"),
        ({"start": "200", "end": "100"}, "its end must not be lower"),
        ({"start": "0.5"}, "at least 1"),
        ({"start": "abc"}, "is not a number"),
        ({"rename_to": "x"}, "Say first what to replace."),
        ({"rename_pattern": "x", "rename_to": "$1"}, "stands for a part in brackets"),
    ],
)
def test_what_cannot_be_used_is_refused_and_blocks_saving(
    admin_client: Client, group: StreamGroup, asked: list[int], values: dict[str, str], sentence: str
) -> None:
    saved = admin_client.post(url(group), typed(switched_on="on", **values), headers=HTMX)
    assert saved.status_code == 422
    assert sentence in saved.content.decode()
    shown = admin_client.post(url(group, "auto_sync_preview"), typed(**values), headers=HTMX).content.decode()
    assert sentence in shown
    assert "disabled" in shown[shown.index('id="auto-sync-save"') :]
    group.refresh_from_db()
    assert (group.auto_channel_sync, asked) == (False, [])


def test_the_preview_tells_what_a_sync_then_does(group: StreamGroup) -> None:
    settings = SyncSettings(start=Decimal(5), include="HD", exclude="PPV", rename_pattern=" HD")
    make_channel("Other", "5")
    preview = preview_sync(group, settings)
    assert (preview.created, preview.streams, preview.not_included, preview.excluded) == (1, 1, 1, 1)
    assert [(line.number, line.name) for line in preview.creates] == [("6", "Fox")]
    assert preview.renames == [("Fox HD", "Fox")]
    assert preview.warnings == ["1 number of the range is taken by other channels, the first by “Other” (5)."]
    assert not Channel.objects.filter(auto_created=True).exists()
    change_settings(group.pk, settings, switched_on=True)
    assert sync_account(group.account_id).created == 1
    later = preview_sync(group, SyncSettings(start=Decimal(9), include="PPV"))
    assert (later.created, later.changed, later.deleted) == (1, 0, 1)
    assert [line.name for line in later.deletes] == ["Fox"]


def test_overlapping_ranges_are_a_warning(group: StreamGroup) -> None:
    make_streams(["A"], group="Kids")
    change_settings(StreamGroup.objects.get(name="Kids").pk, SyncSettings(start=Decimal(50), end=Decimal(60)), switched_on=True)
    assert "“Kids” of “Acme” (50–60)" in preview_sync(group, SyncSettings(end=Decimal(50))).warnings[0]
    assert preview_sync(group, SyncSettings(end=Decimal(49))).warnings == []


def test_a_group_that_another_account_syncs_shows_its_name_and_cannot_be_switched_on(
    admin_client: Client, group: StreamGroup, asked: list[int]
) -> None:
    make_streams(["B"], account=make_account("Beta"))
    other = StreamGroup.objects.get(account__name="Beta")
    change_settings(other.pk, SyncSettings(), switched_on=True)
    page = admin_client.get(url(group)).content.decode()
    assert "“Beta” already makes channels" in page
    assert 'name="switched_on"' not in page
    assert admin_client.post(url(group), typed(switched_on="on")).status_code == 422
    assert asked == []


def test_settings_are_journalled_and_undone(group: StreamGroup) -> None:
    entry_id = change_settings(group.pk, SyncSettings(start=Decimal(100), compact=True), switched_on=True)
    entry = JournalEntry.objects.get(pk=entry_id)
    assert "auto-sync on, start channel none → 100, settings" in entry.description
    assert change_settings(group.pk, SyncSettings(start=Decimal(100), compact=True), switched_on=True) is None
    assert undo_entry(entry).undone == 1
    group.refresh_from_db()
    assert (group.auto_channel_sync, group.auto_sync_channel_start, group.sync_settings) == (False, None, {})


def test_the_overview_lists_groups_and_the_last_result(
    admin_client: Client, group: StreamGroup, django_assert_max_num_queries: Any
) -> None:
    page = reverse("channels:auto_sync", args=[group.account_id])
    assert "No group is kept in step" in admin_client.get(page).content.decode()
    change_settings(group.pk, SyncSettings(start=Decimal(100)), switched_on=True)
    sync_account(group.account_id)
    with django_assert_max_num_queries(40) as few:
        shown = admin_client.get(page).content.decode()
    assert "from 100" in shown
    assert "Created 3, changed 0 and removed 0 channels." in shown
    for name in range(20):
        make_streams(["X"], group=f"More {name}")
    StreamGroup.objects.update(auto_channel_sync=True)
    with django_assert_max_num_queries(len(few.captured_queries)):
        admin_client.get(page)


def test_leftovers_and_sync_now(admin_client: Client, group: StreamGroup) -> None:
    account_id = group.account_id
    admin_client.post(reverse("channels:auto_sync_leftovers", args=[account_id]), {"leftovers": "never"})
    assert AccountSync.objects.get().leftovers == "never"
    assert undo_entry(JournalEntry.objects.get(entity_type="account_sync")).undone == 1
    assert AccountSync.objects.get().leftovers == "always"
    admin_client.post(reverse("channels:auto_sync_leftovers", args=[account_id]), {"leftovers": "nonsense"})
    assert AccountSync.objects.get().leftovers == "always"
    assert admin_client.post(reverse("channels:auto_sync_run", args=[account_id])).status_code == 302
    assert TaskRun.objects.get().lock_key == f"auto_channel_sync:{account_id}"


def test_hostile_names_are_escaped(admin_client: Client) -> None:
    make_streams(["<script>alert(1)</script>"], group="<img src=x onerror=alert(1)>")
    group = StreamGroup.objects.get()
    for answer in (
        admin_client.get(url(group)),
        admin_client.post(url(group, "auto_sync_preview"), typed(), headers=HTMX),
        admin_client.get(reverse("m3u:groups", args=[group.account_id])),
    ):
        assert b"<script>alert" not in answer.content
        assert b"<img src=x" not in answer.content


def test_many_followed_groups_come_in_pages_and_are_found_by_name(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 251):
        make_streams([], group=f"Group {number}")
    StreamGroup.objects.update(auto_channel_sync=True)
    url = reverse("channels:auto_sync", args=[StreamGroup.objects.values_list("account_id", flat=True)[0]])
    with django_assert_max_num_queries(40):
        first = admin_client.get(url).content.decode()
    assert "1–100 of 250 groups" in first
    assert first.index('title="Group 2"') < first.index('title="Group 10"')
    assert 'title="Group 101"' not in first
    second = admin_client.get(url, {"page": "2"}).content.decode()
    assert 'title="Group 101"' in second
    assert "201–250 of 250 groups" in admin_client.get(url, {"page": "999"}).content.decode()
    assert "1–100 of 250 groups" in admin_client.get(url, {"page": "x"}).content.decode()
    found = admin_client.get(url, {"q": "group 25"}).content.decode()
    assert found.count('title="Group 25') == 2  # 25 and 250
    assert "2 of 250 groups" in found
    none = admin_client.get(url, {"q": "<b>\x00"}).content.decode()
    assert "No group is called like “&lt;b&gt;”" in none
