"""A suspicious refresh waits: what it would take and bring, yes, no, and what happens when things got worse (20 §23)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from m3u_app.answer_held_back import accept_held_back, dismiss_held_back, read_held_back
from m3u_app.changes.models import Change, HeldStream
from m3u_app.delete_account import delete_account
from m3u_app.models import Stream, StreamGroup
from m3u_app.refresh_account import RefreshFailed
from m3u_app.tests.refreshing import FileAccount, Users, playlist_of
from tasks_app.models import JournalEntry, Notification, TaskRun

FIFTY = [f"S{number:02}@{'News' if number < 30 else 'Sports'}" for number in range(50)]
OTHERS = [f"Other {number}@Elsewhere" for number in range(50)]


def names(acme: FileAccount, **filters: Any) -> list[str]:
    return list(HeldStream.objects.filter(account=acme.account, **filters).order_by("pk").values_list("name", flat=True))


def hold(acme: FileAccount, *left: str) -> None:
    with pytest.raises(RefreshFailed):
        acme.refresh(playlist_of(*left))


def test_what_would_vanish_and_come_is_listed_by_name_and_counted_by_group(acme: FileAccount, users: Users) -> None:
    acme.refresh(playlist_of(*FIFTY))
    users.ids = {Stream.objects.get(name="S49").pk}
    hold(acme, *FIFTY[:10], "Fresh@News")
    assert len(names(acme, arrives=False)) == 40
    assert names(acme, arrives=True) == ["Fresh"]
    assert names(acme, in_use=True) == ["S49"]
    held = read_held_back(acme.now())
    assert held is not None
    assert {(group.name, group.before, group.after) for group in held.groups} == {("News", 30, 10), ("Sports", 20, 0)}
    assert (held.lost, held.arrives, held.in_use, held.channels, held.is_replaced) == (40, 1, 1, 1, False)
    assert not Stream.objects.filter(is_stale=True).exists()


def test_as_many_other_streams_are_as_suspicious_as_fewer(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    with pytest.raises(RefreshFailed, match="only 0, and 50 that it did not have"):
        acme.refresh(playlist_of(*OTHERS))
    assert acme.now().held_back["reason"] == "replaced"
    assert Stream.objects.filter(is_stale=False).count() == 50


@pytest.mark.parametrize("percent", [0, 50])
def test_a_playlist_that_was_pointed_elsewhere_may_be_another_one(
    acme: FileAccount, file_account: Callable[..., FileAccount], percent: int
) -> None:
    acme.set(shrink_guard_percent=percent)
    acme.refresh(playlist_of(*FIFTY))
    other = acme.path.with_name("other.m3u")
    other.write_text(playlist_of(*OTHERS))
    acme.set(file_path=str(other))
    assert acme.refresh().created == 50


def test_a_handful_of_streams_may_all_be_exchanged(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B", "C"))
    assert acme.refresh(playlist_of("D", "E", "F")).created == 3


def test_the_guard_can_be_switched_off(acme: FileAccount) -> None:
    acme.set(shrink_guard_percent=0)
    acme.refresh(playlist_of(*FIFTY))
    assert acme.refresh(playlist_of(*OTHERS)).created == 50


def test_yes_is_about_what_was_shown(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    hold(acme, *FIFTY[:10])
    accept_held_back(acme.account.pk)
    assert "Accepted the different playlist" in JournalEntry.objects.latest("pk").description
    with pytest.raises(RefreshFailed, match="3 streams instead of 50"):
        acme.refresh(playlist_of(*FIFTY[:3]), accept_shrunken=True)
    assert acme.now().held_back["after"] == 3
    assert "accepted" not in acme.now().held_back
    TaskRun.objects.all().delete()  # no worker runs here
    accept_held_back(acme.account.pk)
    report = acme.refresh(accept_shrunken=True)
    assert (report.unchanged, report.stale) == (3, 47)
    assert (acme.now().held_back, HeldStream.objects.count()) == ({}, 0)
    assert Change.objects.filter(change_type="streams_removed").get().count == 27


def test_no_forgets_the_lists_and_leaves_everything(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    hold(acme, *FIFTY[:10])
    dismiss_held_back(acme.account.pk)
    assert (acme.now().held_back, HeldStream.objects.count(), Stream.objects.filter(is_stale=True).count()) == ({}, 0, 0)


def test_a_good_refresh_answers_the_question_by_itself(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    hold(acme, *FIFTY[:10])
    assert acme.refresh(playlist_of(*FIFTY)).unchanged == 50
    assert (acme.now().held_back, HeldStream.objects.count()) == ({}, 0)


def test_the_bell_tells_it_once_with_the_way_to_the_page(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    hold(acme, *FIFTY[:10])
    hold(acme, *FIFTY[:10])
    told = Notification.objects.get(source="m3u_held_back")
    assert told.action_url == reverse("m3u:held_back", args=[acme.account.pk])


@pytest.mark.parametrize("end", [dismiss_held_back, delete_account], ids=["answered", "account deleted"])
def test_the_bell_leads_to_no_question_that_is_over(acme: FileAccount, end: Callable[[int], object]) -> None:
    acme.refresh(playlist_of(*FIFTY))
    hold(acme, *FIFTY[:10])
    end(acme.account.pk)
    assert not Notification.objects.filter(source="m3u_held_back").exists()


def test_a_held_refresh_records_no_change(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    before = Change.objects.count()
    hold(acme, *FIFTY[:10])
    assert Change.objects.count() == before


def test_the_page_lists_searches_and_pages(acme: FileAccount, users: Users) -> None:
    acme.refresh(playlist_of(*(f"S{number:03}" for number in range(300))))
    users.ids = {Stream.objects.get(name="S299").pk}
    hold(acme, "S000", "<script>x</script>")
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    url = reverse("m3u:held_back", args=[acme.account.pk])
    page = client.get(url).context["page"]
    assert (page.total, len(page.streams), page.streams[0].name, page.has_next) == (299, 100, "S299", True)
    assert client.get(f"{url}?page=99").context["page"].number == 3
    assert [stream.name for stream in client.get(f"{url}?q=s12").context["page"].streams] == [f"S12{n}" for n in range(10)]
    new = client.get(f"{url}?show=new").content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in new
    assert "<script>x" not in new
    assert "would lose 1 stream" in client.get(url).content.decode()


def test_the_page_says_that_channels_made_by_auto_sync_do_not_wait(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*FIFTY))
    hold(acme, "S00@News")
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    url = reverse("m3u:held_back", args=[acme.account.pk])
    assert "do not wait" not in client.get(url).content.decode()
    StreamGroup.objects.filter(account=acme.account, name="Sports").update(auto_channel_sync=True)
    assert "do not wait" in client.get(url).content.decode()
