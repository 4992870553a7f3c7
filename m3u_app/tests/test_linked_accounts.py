"""Linked accounts keep the same choice of groups and lose nothing else by it (20 §8, §25.4)."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from m3u_app import linked_accounts
from m3u_app.choose_groups import AUTO_SYNCED, SetGroups, choose_groups
from m3u_app.delete_account import delete_account, preview_deletion
from m3u_app.edit_filters import FilterValues, add_filter
from m3u_app.edit_profiles import ProfileValues, add_profile
from m3u_app.linked_accounts import (
    LinkRefused,
    change_link,
    create_link,
    delete_link,
    linked_to,
    links,
    pass_on,
    preview_sync,
    sync_all,
)
from m3u_app.models import Account, LinkGroup, StreamGroup
from m3u_app.tests.account_samples import HTMX, make_account, make_groups
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db


def accounts(names: str) -> list[Account]:
    return [make_account(name) for name in names]


def states(account: Account) -> dict[str, bool]:
    return dict(account.groups.values_list("name", "enabled"))


def choose(account: Account, *names: str, enabled: bool) -> None:
    ids = frozenset(account.groups.filter(name__in=names).values_list("pk", flat=True))
    pass_on(account.pk, choose_groups(account.pk, [SetGroups(ids, enabled)]))


def members() -> list[list[str]]:
    return [[name for _, name in link.accounts] for link in links()]


def test_disabling_a_group_reaches_the_linked_account_and_nothing_else_there() -> None:  # 20 §25.4 #67
    a, b = accounts("AB")
    create_link([a.pk, b.pk])
    make_groups(a, "Sports")
    settings = {"xc_id": "5", "auto_sync_channel_start": Decimal(200), "auto_sync_channel_end": Decimal(299)}
    make_groups(b, "Sports", auto_channel_sync=True, sync_settings={"compact_numbering": True, "unknown": 1}, **settings)
    make_groups(b, "Kids", auto_channel_sync=True, auto_sync_channel_start=Decimal(300))
    choose(a, "Sports", enabled=False)
    sports = b.groups.get(name="Sports")
    assert sports.enabled is False
    assert (sports.auto_sync_channel_start, sports.auto_sync_channel_end, sports.xc_id) == (200, 299, "5")
    assert sports.sync_settings == {"compact_numbering": True, "unknown": 1}
    kids = b.groups.get(name="Kids")
    assert (kids.enabled, kids.auto_channel_sync, kids.auto_sync_channel_start) == (True, True, 300)


def test_enabling_leaves_the_auto_sync_of_the_other_account_alone() -> None:
    a, b = accounts("AB")
    create_link([a.pk, b.pk])
    for account in (a, b):
        make_groups(account, "Sports", enabled=False, auto_sync_channel_start=Decimal(7))
    choose(a, "Sports", enabled=True)
    sports = b.groups.get()
    assert (sports.enabled, sports.auto_channel_sync, sports.auto_sync_channel_start) == (True, False, 7)


def test_groups_that_the_other_account_lacks_are_ignored_and_its_new_marks_stay() -> None:
    a, b = accounts("AB")
    create_link([a.pk, b.pk])
    make_groups(a, "Only here", "Both")
    make_groups(b, "Both", "Only there")
    choose(a, "Only here", "Both", enabled=False)
    assert states(b) == {"Both": False, "Only there": True}
    assert b.groups.get(name="Only there").is_new


def test_one_account_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = accounts("ABC")
    create_link([a.pk, b.pk, c.pk])
    for account in (a, b, c):
        make_groups(account, "Sports")
    chosen = choose_groups(a.pk, [SetGroups(frozenset(a.groups.values_list("pk", flat=True)), enabled=False)])

    def fail_for_b(account_id: int, *args: object, **kwargs: object) -> object:
        if account_id == b.pk:
            raise Account.DoesNotExist
        return choose_groups(account_id, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(linked_accounts, "choose_groups", fail_for_b)
    synced = pass_on(a.pk, chosen)
    assert synced.failed == ["“B” could not follow; the log says why."]
    assert states(c) == {"Sports": False}


def test_one_undo_takes_all_of_it_back_auto_sync_included() -> None:
    a, b = accounts("AB")
    create_link([a.pk, b.pk])
    make_groups(a, "Sports")
    make_groups(b, "Sports", auto_channel_sync=True)
    choose(a, "Sports", enabled=False)
    entries = JournalEntry.objects.filter(entity_type="stream_groups")
    assert entries.count() == 2  # one per account
    assert len(set(entries.values_list("batch_id", flat=True))) == 1
    assert entries.get(entity_id=b.pk).before_value == {"Sports": AUTO_SYNCED}
    assert undo_batch(entries[0].batch_id).undone == 2
    assert (states(a), states(b)) == ({"Sports": True}, {"Sports": True})
    assert b.groups.get().auto_channel_sync is True


def test_sync_enables_what_any_has_enabled_and_disables_nothing() -> None:  # 20 §25.4 #68
    a, b = accounts("AB")
    create_link([a.pk, b.pk])
    make_groups(a, "Sports")
    make_groups(a, "News", enabled=False)
    make_groups(b, "Sports", "News", enabled=False)
    make_groups(b, "Kids")
    assert preview_sync() == [("B", 1, ["Sports"])]
    synced = sync_all()
    assert states(a) == {"Sports": True, "News": False}
    assert states(b) == {"Sports": True, "News": False, "Kids": True}
    assert (synced.total, synced.sentence()) == (1, "Also switched 1 group of “B”.")
    assert sync_all().total == 0
    assert undo_batch(synced.batch_id).undone == 1
    assert states(b)["Sports"] is False


def test_deleting_an_account_leaves_whole_links_only() -> None:  # 20 §25.4 #69; an account is in one link at most
    a, b, c, d, e = accounts("ABCDE")
    create_link([a.pk, b.pk])
    create_link([c.pk, d.pk, e.pk])
    assert any("link" in loss.sentence for loss in preview_deletion(a.pk).losses)
    delete_account(a.pk)
    assert members() == [["C", "D", "E"]]
    delete_account(c.pk)
    assert members() == [["D", "E"]]
    assert LinkGroup.objects.count() == 1


def test_groups_of_other_accounts_stay_when_one_is_deleted() -> None:  # 20 §25.4 #70: groups belong to their account here
    a, b = accounts("AB")
    make_groups(a, "Shared", "Only A")
    make_groups(b, "Shared")
    delete_account(a.pk)
    assert list(StreamGroup.objects.values_list("account__name", "name")) == [("B", "Shared")]


def test_a_link_needs_two_accounts_that_are_in_no_other() -> None:
    a, b, c = accounts("ABC")
    with pytest.raises(LinkRefused, match="two accounts or more"):
        create_link([a.pk])
    create_link([a.pk, b.pk])
    with pytest.raises(LinkRefused, match="B is in another link already"):
        create_link([b.pk, c.pk])
    with pytest.raises(LinkRefused, match="deleted meanwhile"):
        create_link([c.pk, 4711])
    assert linked_to(a.pk) == [(b.pk, "B")]
    assert linked_to(c.pk) == []


def test_links_are_journalled_and_every_change_can_be_undone() -> None:
    a, b, c = accounts("ABC")
    link, _ = create_link([a.pk, b.pk])
    change_link(link.id, [a.pk, c.pk])
    assert change_link(link.id, [a.pk, c.pk])[1] is None
    delete_link(link.id)
    assert members() == []
    for expected in ([["A", "C"]], [["A", "B"]], []):
        entry = JournalEntry.objects.filter(entity_type="account_link", undone_by=None).exclude(description__startswith="Undid")
        assert undo_entry(entry.latest("pk")).conflicts == []
        assert members() == expected


def test_saving_groups_on_the_page_reaches_linked_accounts(admin_client: Client) -> None:
    a, b = accounts("AB")
    create_link([a.pk, b.pk])
    (group,) = make_groups(a, "Sports")
    make_groups(b, "Sports")
    url = reverse("m3u:groups", args=[a.pk])
    assert "is also switched in" in admin_client.get(url).content.decode()
    answer = admin_client.post(url, {"shown": group.pk}, headers=HTMX)
    assert "Also switched 1 group of" in answer.headers["HX-Trigger"]
    assert "undo-batch" in answer.headers["HX-Trigger"] or "batch" in answer.headers["HX-Trigger"]
    assert states(b) == {"Sports": False}


def test_a_deletion_names_filters_and_profiles_that_go_along() -> None:
    account = make_account()
    add_filter(account.pk, FilterValues("name", "news"))
    add_profile(account.pk, ProfileValues(name="Second", search_pattern="a", replace_pattern="b"))
    losses = {loss.sentence: loss.samples for loss in preview_deletion(account.pk).losses}
    assert losses == {"1 filter": ["news"], "1 profile": ["Second"]}
    delete_account(account.pk)
    entry = JournalEntry.objects.get(action_type="delete")
    assert entry.after_value["deleted"]["others"] == ["1 filter", "1 profile"]
