"""Choosing groups: one request, only the changes, journalled, undoable (20 §4.1)."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from m3u_app.choose_groups import GroupsMoved, SetGroups, SetMatching, choose_groups, sentence
from m3u_app.group_list import PAGE_SIZE, GroupFilter, group_page
from m3u_app.models import Account, StreamGroup
from m3u_app.tests.account_samples import HTMX, make_account, make_groups
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db


def enabled_names(account: Account) -> set[str]:
    return set(account.groups.filter(enabled=True).values_list("name", flat=True))


def ids(account: Account, *names: str) -> frozenset[int]:
    return frozenset(account.groups.filter(name__in=names).values_list("pk", flat=True))


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_groups(account, "News", "Sports", "Kids", "UK News")
    return account


def test_single_groups_are_switched_and_told(account: Account) -> None:
    chosen = choose_groups(account.pk, [SetGroups(ids(account, "News", "Kids"), enabled=False)])
    assert enabled_names(account) == {"Sports", "UK News"}
    assert (chosen.enabled, chosen.disabled) == (0, 2)
    assert sentence(chosen) == "Disabled 2 groups: News, Kids."


def test_the_journal_has_one_entry_with_just_the_groups_that_changed(account: Account) -> None:
    account.groups.filter(name="Kids").update(enabled=False)
    choose_groups(
        account.pk,
        [SetGroups(ids(account, "News", "Sports"), enabled=True), SetGroups(ids(account, "UK News", "Kids"), enabled=False)],
    )
    (entry,) = JournalEntry.objects.all()
    assert entry.category == "m3u"
    assert entry.action_type == "update"
    assert (entry.before_value, entry.after_value) == ({"UK News": "enabled"}, {"UK News": "disabled"})


def test_a_later_step_wins_over_an_earlier_one(account: Account) -> None:
    steps = [
        SetMatching("", enabled=False, expected=4),
        SetMatching("news", enabled=True, expected=2),
        SetGroups(ids(account, "UK News"), enabled=False),
        SetGroups(ids(account, "Kids"), enabled=True),
    ]
    chosen = choose_groups(account.pk, steps)
    assert enabled_names(account) == {"News", "Kids"}
    assert (chosen.enabled, chosen.disabled) == (0, 2)  # the net result, not every step
    (entry,) = JournalEntry.objects.all()
    assert entry.after_value == {"Sports": "disabled", "UK News": "disabled"}


def test_capitals_do_not_matter_but_accents_do(account: Account) -> None:
    make_groups(account, "Télé", "TÉLÉ")
    choose_groups(account.pk, [SetMatching("NEWS", enabled=False, expected=2), SetMatching("Télé", enabled=False, expected=1)])
    assert enabled_names(account) == {"Sports", "Kids", "TÉLÉ"}


def test_wildcards_are_plain_letters(account: Account) -> None:
    make_groups(account, "100%", "a_b")
    choose_groups(account.pk, [SetMatching("%", enabled=False, expected=1), SetMatching("_", enabled=False, expected=1)])
    assert enabled_names(account) == {"News", "Sports", "Kids", "UK News"}


def test_the_new_ones_can_be_switched_together(account: Account) -> None:
    account.groups.exclude(name="Kids").update(is_new=False)
    choose_groups(account.pk, [SetMatching("", enabled=False, expected=1, only="new")])
    assert enabled_names(account) == {"News", "Sports", "UK News"}


def test_a_list_that_changed_since_is_refused_and_nothing_happens(account: Account) -> None:
    with pytest.raises(GroupsMoved, match="4"):
        choose_groups(account.pk, [SetGroups(ids(account, "News"), enabled=False), SetMatching("", enabled=False, expected=3)])
    assert len(enabled_names(account)) == 4


def test_groups_of_other_accounts_are_out_of_reach(account: Account) -> None:
    other = make_account("Other")
    make_groups(other, "Foreign")
    choose_groups(account.pk, [SetGroups(ids(other, "Foreign"), enabled=False), SetMatching("", enabled=False, expected=4)])
    assert enabled_names(other) == {"Foreign"}


def test_saving_takes_the_new_marks_away(account: Account) -> None:
    assert account.groups.filter(is_new=True).count() == 4
    choose_groups(account.pk, [])
    assert not account.groups.filter(is_new=True).exists()


def test_thousands_are_written_in_chunks_and_undone_whole(account: Account) -> None:
    make_groups(account, *(f"G{index}" for index in range(2500)))
    chosen = choose_groups(account.pk, [SetMatching("", enabled=False, expected=2504)])
    entries = list(JournalEntry.objects.filter(batch_id=chosen.batch_id))
    assert chosen.disabled == 2504
    assert [len(entry.after_value) for entry in entries] == [504, 1000, 1000]
    assert not enabled_names(account)
    for entry in entries:
        assert undo_entry(entry).undone == 1
    assert len(enabled_names(account)) == 2504


def test_undo_leaves_what_was_switched_again_and_says_so(account: Account) -> None:
    chosen = choose_groups(account.pk, [SetGroups(ids(account, "News", "Kids", "Sports"), enabled=False)])
    account.groups.filter(name="News").update(enabled=True)
    account.groups.filter(name="Kids").delete()
    assert undo_entry(JournalEntry.objects.get(pk=chosen.entry_ids[0])).undone == 1
    assert enabled_names(account) == {"News", "Sports", "UK News"}
    undone = JournalEntry.objects.first()
    assert undone is not None
    assert "Kids is gone since" in undone.description
    assert "News is switched again since" in undone.description


def test_undo_with_nothing_left_to_do_is_a_conflict(account: Account) -> None:
    chosen = choose_groups(account.pk, [SetGroups(ids(account, "News"), enabled=False)])
    account.groups.filter(name="News").delete()
    report = undo_entry(JournalEntry.objects.get(pk=chosen.entry_ids[0]))
    assert report.undone == 0
    assert "News is gone since" in report.conflicts[0]


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_list_is_in_natural_order_with_counts(account: Account) -> None:
    account.groups.all().delete()
    make_groups(account, "Sports 10", "sports 2", "Sports 1", "Alpha")
    make_groups(account, "Beta", enabled=False, is_stale=True, is_new=False)
    page = group_page(account.pk, GroupFilter())
    assert [row.group.name for row in page.rows] == ["Alpha", "Beta", "Sports 1", "sports 2", "Sports 10"]
    assert (page.total, page.enabled, page.new, page.stale) == (5, 4, 4, 1)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (GroupFilter(text="news"), {"News", "UK News"}),
        (GroupFilter(hide_disabled=True), {"Sports", "Kids", "UK News"}),
        (GroupFilter(text="news", hide_disabled=True), {"UK News"}),
        (GroupFilter(only="new"), {"Sports", "Kids", "UK News"}),
        (GroupFilter(only="stale"), {"News"}),
        (GroupFilter(text="nothing"), set()),
    ],
)
def test_filters(account: Account, wanted: GroupFilter, names: set[str]) -> None:
    account.groups.filter(name="News").update(enabled=False, is_new=False, is_stale=True)
    page = group_page(account.pk, wanted)
    assert {row.group.name for row in page.rows} == names
    assert page.shown == len(names)


def test_queries_do_not_grow_with_groups(account: Account, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        assert len(group_page(account.pk, GroupFilter()).rows) == 4
    make_groups(account, *(f"G{index}" for index in range(5000)))
    with django_assert_num_queries(4):
        page = group_page(account.pk, GroupFilter(), page=51)
    assert (page.page, page.pages, page.total, len(page.rows)) == (51, 51, 5004, 4)
    assert group_page(account.pk, GroupFilter(), page=999).page == 51


def test_a_page_of_thousands_stays_small(account: Account, admin_client: Client) -> None:
    make_groups(account, *(f"UK | Entertainment {index}" for index in range(5000)))
    answer = admin_client.get(reverse("m3u:groups", args=[account.pk]))
    assert answer.content.count(b'name="enabled"') == PAGE_SIZE
    assert len(answer.content) < 120_000


def test_htmx_gets_the_list_and_others_the_page(account: Account, admin_client: Client) -> None:
    url = reverse("m3u:groups", args=[account.pk])
    page = admin_client.get(url).content
    part = admin_client.get(url, {"q": "news"}, headers=HTMX).content
    assert b"<html" in page
    assert b"<html" not in part
    assert b"UK News" in part
    assert b"Kids" not in part


def test_hostile_names_are_escaped(account: Account, admin_client: Client) -> None:
    make_groups(account, "<script>alert(1)</script>\"'onload=x", "x" * 255)
    content = admin_client.get(reverse("m3u:groups", args=[account.pk])).content
    assert b"<script>alert(1)" not in content
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;onload=x" in content


def test_the_scripts_steps_are_saved_in_one_request(account: Account, admin_client: Client) -> None:
    steps = [
        {"matching": "", "only": "", "expected": 4, "enabled": False},
        {"ids": list(ids(account, "Kids")), "enabled": True},
    ]
    answer = admin_client.post(reverse("m3u:groups", args=[account.pk]), {"steps": json.dumps(steps)}, headers=HTMX)
    assert enabled_names(account) == {"Kids"}
    assert b"data-saved" in answer.content
    assert b"Refresh now" in answer.content
    toasts = json.loads(answer.headers["HX-Trigger"])["toasts"]["items"]
    entry = JournalEntry.objects.get()
    assert "Disabled 3 groups" in toasts[0]["text"]
    assert str(entry.pk) in json.dumps(toasts)  # with an undo button


def test_a_large_change_is_undone_as_a_whole_from_its_toast(account: Account, admin_client: Client) -> None:
    make_groups(account, *(f"G{index}" for index in range(1500)))
    steps = json.dumps([{"matching": "", "only": "", "expected": 1504, "enabled": False}])
    answer = admin_client.post(reverse("m3u:groups", args=[account.pk]), {"steps": steps}, headers=HTMX)
    (toast,) = json.loads(answer.headers["HX-Trigger"])["toasts"]["items"]
    admin_client.post(toast["undo"], headers=HTMX)
    assert len(enabled_names(account)) == 1504


def test_a_plain_page_saves_its_own_switches(account: Account, admin_client: Client) -> None:
    shown = list(ids(account, "News", "Kids"))
    url = reverse("m3u:groups", args=[account.pk]) + "?q=s"
    answer = admin_client.post(url, {"shown": shown, "enabled": list(ids(account, "Kids")), "steps": ""})
    assert answer.status_code == 302
    assert answer.headers["Location"] == url
    assert enabled_names(account) == {"Kids", "Sports", "UK News"}


def test_a_plain_page_switches_all_that_match(account: Account, admin_client: Client) -> None:
    url = reverse("m3u:groups", args=[account.pk])
    admin_client.post(url, {"all": "off", "q": "news", "expected": "2", "steps": ""})
    assert enabled_names(account) == {"Kids", "Sports"}
    answer = admin_client.post(url, {"all": "off", "q": "", "expected": "3", "steps": ""}, headers=HTMX)
    assert answer.status_code == 422
    assert b"has changed" in answer.headers["HX-Trigger"].encode() or b"has changed" in answer.content
    assert enabled_names(account) == {"Kids", "Sports"}


@pytest.mark.parametrize(
    "steps",
    [
        "{",
        "[1]",
        '[{"ids": ["x"], "enabled": true}]',
        '[{"ids": [1]}]',
        '{"a": 1}',
        '[{"matching": "", "enabled": 1}]',
        '[{"matching": "", "enabled": false, "expected": Infinity}]',
        '[{"ids": [1e999], "enabled": false}]',
        "[" * 100_000,
    ],
)
def test_steps_that_make_no_sense_are_refused(account: Account, admin_client: Client, steps: str) -> None:
    answer = admin_client.post(reverse("m3u:groups", args=[account.pk]), {"steps": steps}, headers=HTMX)
    assert answer.status_code == 400
    assert len(enabled_names(account)) == 4


def test_an_id_that_no_row_can_have_is_an_unknown_one(account: Account, admin_client: Client) -> None:
    steps = json.dumps([{"ids": [10**30, -1, 2**63], "enabled": False}])
    answer = admin_client.post(reverse("m3u:groups", args=[account.pk]), {"steps": steps}, headers=HTMX)
    assert answer.status_code == 200
    assert len(enabled_names(account)) == 4


def test_an_account_without_groups_says_when_they_come(admin_client: Client) -> None:
    account = make_account()
    assert b"appear with the first refresh" in admin_client.get(reverse("m3u:groups", args=[account.pk])).content
    assert not StreamGroup.objects.exists()


def test_the_list_can_be_narrowed_to_auto_synced_groups_and_says_where_they_start(account):
    group = account.groups.get(name="News")
    StreamGroup.objects.filter(pk=group.pk).update(auto_channel_sync=True, auto_sync_channel_start="100.5000")
    page = group_page(account.pk, GroupFilter(only="synced"))
    assert [(row.group.name, row.first_number) for row in page.rows] == [("News", "100.5")]
    assert (page.synced, page.matching) == (1, 1)


def test_a_group_that_another_account_keeps_in_step_names_that_account(account):
    other = Account.objects.create(name="Other", account_type=account.account_type)
    StreamGroup.objects.create(account=other, name="News", auto_channel_sync=True)
    rows = {row.group.name: row.synced_by for row in group_page(account.pk, GroupFilter()).rows}
    assert rows["News"] == "Other"
    assert set(rows.values()) == {"", "Other"}
