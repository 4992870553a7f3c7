"""Priorities of all accounts in one form (20 §9): saved together, checked beside the boxes, undone as one."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3u_app.models import Account
from m3u_app.priorities import PrioritiesRefused, Wish, moved, save_priorities
from m3u_app.tests.account_samples import make_account
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

HTMX = {"HX-Request": "true"}
NONE: frozenset[int] = frozenset()


def stored() -> dict[str, int]:
    return dict(Account.objects.values_list("name", "priority"))


def typed(**numbers: str) -> dict[str, str]:
    """What the form sends when these were typed over what is stored."""
    values: dict[str, str] = {}
    for account in Account.objects.order_by("-priority", "name"):
        values[f"shown-{account.pk}"] = str(account.priority)
        values[f"priority-{account.pk}"] = numbers.get(account.name, str(account.priority or ""))
    values["order"] = ",".join(str(pk) for pk in Account.objects.order_by("-priority", "name").values_list("pk", flat=True))
    return values


def boxes(text: str) -> list[tuple[str, str]]:
    """Names and numbers in the order of the form."""
    names = re.findall(r'class="mp-name text-truncate" title="([^"]*)"', text)
    return list(zip(names, re.findall(r'name="priority-\d+" id="priority-\d+" value="([^"]*)"', text), strict=True))


@pytest.fixture
def three(db: None) -> dict[str, Account]:
    return {name: make_account(name=name, priority=number) for name, number in (("Alpha", 0), ("Beta", 10), ("Gamma", 5))}


def test_the_most_preferred_comes_first_and_equal_ones_stand_by_name(admin_client: Client, three: dict[str, Account]) -> None:
    make_account(name="Alpha 10", priority=0)
    make_account(name="Alpha 2", priority=0)
    page = admin_client.get(reverse("m3u:priorities")).content.decode()
    assert boxes(page) == [("Beta", "10"), ("Gamma", "5"), ("Alpha", ""), ("Alpha 2", ""), ("Alpha 10", "")]


def test_all_are_saved_at_once_as_one_batch_that_can_be_undone(admin_client: Client, three: dict[str, Account]) -> None:
    answer = admin_client.post(reverse("m3u:priorities"), typed(Alpha="100", Beta="", Gamma="5"), headers=HTMX)
    assert answer.status_code == 204
    assert stored() == {"Alpha": 100, "Beta": 0, "Gamma": 5}
    assert "Saved the priorities of 2 accounts." in answer.headers["HX-Trigger"]
    assert "accounts:changed" in answer.headers["HX-Trigger"]
    entries = JournalEntry.objects.filter(entity_type="account")
    assert {(entry.entity_name, entry.before_value["priority"], entry.after_value["priority"]) for entry in entries} == {
        ("Alpha", 0, 100),
        ("Beta", 10, 0),
    }
    (batch_id,) = set(JournalEntry.objects.values_list("batch_id", flat=True))
    assert batch_id in answer.headers["HX-Trigger"]
    assert undo_batch(batch_id).conflict_count == 0
    assert stored() == {"Alpha": 0, "Beta": 10, "Gamma": 5}


def test_one_change_is_one_entry(admin_client: Client, three: dict[str, Account]) -> None:
    admin_client.post(reverse("m3u:priorities"), typed(Alpha="12"), headers=HTMX)
    entry = JournalEntry.objects.get()
    assert (entry.batch_id, entry.description) == ("", "Changed priority of account “Alpha”")
    assert undo_entry(entry).undone == 1
    assert stored()["Alpha"] == 0


def test_without_a_change_nothing_is_written(admin_client: Client, three: dict[str, Account]) -> None:
    answer = admin_client.post(reverse("m3u:priorities"), typed(), headers=HTMX)
    assert (answer.status_code, JournalEntry.objects.count()) == (204, 0)
    assert "Nothing was changed." in answer.headers["HX-Trigger"]


@pytest.mark.parametrize("number", ["high", "1.5", "101", "-1", "9999999999", "1e3", "٣", "5\x00", " ", "+5"])
def test_one_wrong_number_is_said_beside_its_box_and_nothing_is_saved(
    admin_client: Client, three: dict[str, Account], number: str
) -> None:
    answer = admin_client.post(reverse("m3u:priorities"), typed(Alpha=number, Beta="50"), headers=HTMX)
    if number.replace("\x00", "").strip() in ("", "5"):
        assert answer.status_code == 204
        return
    assert answer.status_code == 422
    text = answer.content.decode()
    place = text.index(f'id="priority-error-{three["Alpha"].pk}"')
    assert "Give a whole number from 0 to 100, or leave it empty." in text[place : place + 200]
    assert text.count("invalid-feedback") == 1
    assert ("Beta", "50") in boxes(text)
    assert stored() == {"Alpha": 0, "Beta": 10, "Gamma": 5}


def test_what_somebody_else_set_meanwhile_is_not_overwritten_unseen(admin_client: Client, three: dict[str, Account]) -> None:
    values = typed(Alpha="1", Gamma="7")
    Account.objects.filter(name="Gamma").update(priority=30)
    Account.objects.filter(name="Beta").update(priority=20)  # not touched in the form: theirs stays
    answer = admin_client.post(reverse("m3u:priorities"), values, headers=HTMX)
    assert answer.status_code == 422
    assert "Somebody set this to 30 meanwhile. Save again to use your number." in answer.content.decode()
    assert stored() == {"Alpha": 0, "Beta": 20, "Gamma": 30}
    gamma = three["Gamma"].pk
    assert f'name="shown-{gamma}" value="30"' in answer.content.decode()
    again = admin_client.post(reverse("m3u:priorities"), values | {f"shown-{gamma}": "30"}, headers=HTMX)
    assert again.status_code == 204
    assert stored() == {"Alpha": 1, "Beta": 20, "Gamma": 7}


def test_locked_and_leaving_accounts_are_shown_and_stay(admin_client: Client, three: dict[str, Account]) -> None:
    Account.objects.filter(name="Beta").update(locked=True)
    page = admin_client.get(reverse("m3u:priorities")).content.decode()
    assert f'name="priority-{three["Beta"].pk}"' not in page
    assert page.count("cannot be changed") == 1
    admin_client.post(reverse("m3u:priorities"), typed(Beta="1", Alpha="2"), headers=HTMX)
    assert stored() == {"Alpha": 2, "Beta": 10, "Gamma": 5}
    with pytest.raises(PrioritiesRefused, match="locked"):
        save_priorities({three["Beta"].pk: Wish(1, 10)})
    with pytest.raises(PrioritiesRefused, match="deleted meanwhile"):
        save_priorities({4711: Wish(1, 0)})


def test_without_scripts_it_is_a_page_that_leads_back(admin_client: Client, three: dict[str, Account]) -> None:
    page = admin_client.get(reverse("m3u:priorities"))
    assert b"<html" in page.content
    answer = admin_client.post(reverse("m3u:priorities"), typed(Alpha="3"))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("m3u:accounts"))
    moved_up = admin_client.post(reverse("m3u:priorities"), {**typed(), "up": str(three["Gamma"].pk)}).content.decode()
    assert "<html" in moved_up
    assert boxes(moved_up) == [("Gamma", "10"), ("Beta", "5"), ("Alpha", "3")]
    assert stored() == {"Alpha": 3, "Beta": 10, "Gamma": 5}  # moving saves nothing


def test_the_list_leads_there_and_hostile_names_are_escaped(admin_client: Client, three: dict[str, Account]) -> None:
    make_account(name='"><script>alert(1)</script>' + "x" * 200)
    for url in ("m3u:accounts", "m3u:priorities"):
        text = admin_client.get(reverse(url)).content.decode()
        assert "<script>alert" not in text
    listed = admin_client.get(reverse("m3u:accounts")).content.decode()
    assert "Priority of Beta: 10. Change priorities" in listed
    assert listed.count(f'href="{reverse("m3u:priorities")}"') == 5


def test_an_empty_list_says_what_to_do(admin_client: Client) -> None:
    assert "There is no account yet." in admin_client.get(reverse("m3u:priorities")).content.decode()


def test_queries_do_not_grow_with_accounts(
    admin_client: Client, three: dict[str, Account], django_assert_max_num_queries: Any
) -> None:
    def all_other() -> dict[str, str]:
        return typed(**{name: str((number + 1) % 100) for name, number in stored().items()})

    url = reverse("m3u:priorities")
    with django_assert_max_num_queries(15) as showing:
        admin_client.get(url)
    values = all_other()
    with django_assert_max_num_queries(30) as saving:
        assert admin_client.post(url, values, headers=HTMX).status_code == 204
    for number in range(20):
        make_account(name=f"More {number}")
    with django_assert_max_num_queries(len(showing.captured_queries)):
        admin_client.get(url)
    values = all_other()
    with django_assert_max_num_queries(len(saving.captured_queries)):
        assert admin_client.post(url, values, headers=HTMX).status_code == 204
    assert JournalEntry.objects.filter(entity_type="account").count() == 26


# --- moving a place up or down --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "account", "up", "expected"),
    [
        pytest.param([10, 5, 0], 1, True, {0: 5, 1: 10}, id="neighbours exchange their numbers"),
        pytest.param([10, 5, 0], 1, False, {1: 0, 2: 5}, id="downward too"),
        pytest.param([10, 5, 0], 0, True, {}, id="the first stays"),
        pytest.param([10, 5, 0], 2, False, {}, id="the last stays"),
        pytest.param([0, 0, 0], 2, True, {0: 2, 2: 1}, id="equal ones: room is made above"),
        pytest.param([0, 0, 0], 1, False, {2: 1, 0: 2}, id="down among equal ones"),
        pytest.param([9, 0, 0], 2, True, {2: 1}, id="no more room than is needed"),
        pytest.param([100, 100], 1, True, {}, id="no room below the highest number"),
    ],
)
def test_moving(numbers: list[int], account: int, up: bool, expected: dict[int, int]) -> None:
    assert moved(range(len(numbers)), dict(enumerate(numbers)), account, up=up, fixed=NONE) == expected


def test_fixed_accounts_are_not_moved_past() -> None:
    assert moved([1, 2], {1: 5, 2: 3}, 2, up=True, fixed=frozenset({1})) == {}
    assert moved([1, 2, 3], {1: 1, 2: 0, 3: 0}, 3, up=True, fixed=frozenset({1})) == {}
    assert moved([1], {1: 1}, 4711, up=True, fixed=NONE) == {}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # busy machines draw slowly
@given(st.lists(st.integers(0, 100), min_size=2, max_size=8), st.integers(0, 7), st.booleans())
def test_a_move_puts_it_on_the_other_side_of_its_neighbour_and_keeps_all_others_in_order(
    numbers: list[int], place: int, up: bool
) -> None:
    numbers.sort(reverse=True)
    place %= len(numbers)
    before = dict(enumerate(numbers))
    changes = moved(range(len(numbers)), before, place, up=up, fixed=NONE)
    after = before | changes
    order = list(range(len(numbers)))
    other = place - 1 if up else place + 1
    if changes:
        order[place], order[other] = order[other], order[place]
        winner, loser = (place, other) if up else (other, place)
        assert after[winner] > after[loser]
    listed = [after[pk] for pk in order]
    assert listed == sorted(listed, reverse=True)
    assert all(0 <= number <= 100 for number in listed)
