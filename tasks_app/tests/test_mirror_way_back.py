"""The message about an answer offers "Undo" only where undoing would not be refused."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror_pages.way_back import has_way_back
from tasks_app.models import JournalEntry, OutboxEntry
from tasks_app.tests.mirror_toys import ToyServer, add_box, add_toy, sql, toy
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(toy_server: ToyServer) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


def undo_after(client: Client, address: str, **values: str) -> str:
    """The address behind "Undo" in the message that answers; "" = not offered."""
    answer = client.post(address, values, headers=HTMX)
    assert answer.status_code == 204
    [toast] = json.loads(answer["HX-Trigger"])["toasts"]["items"]
    return str(toast["undo"])


def dropped(client: Client, *names: str) -> str:
    chosen = OutboxEntry.objects.filter(name__in=names).values_list("pk", flat=True)
    return undo_after(client, "/server/queue/answer/drop/", entry=",".join(map(str, chosen)))


def last_batch() -> str:
    return JournalEntry.objects.exclude(batch_id="").latest("pk").batch_id


def test_a_row_that_can_be_made_again_comes_with_an_undo_that_works(visitor: Client) -> None:
    add_box("Red")
    offered = dropped(visitor, "Red")
    assert offered == reverse("journal:undo_batch", args=[last_batch()])
    assert undo_batch(last_batch()).undone == 1


def test_a_row_that_nobody_can_make_again_comes_without(visitor: Client) -> None:
    add_toy("Fresh")
    assert dropped(visitor, "Fresh") == ""
    report = undo_batch(last_batch())
    assert (report.undone, report.conflict_count) == (0, 1), "the button would have been refused"


def test_one_that_comes_back_among_many_that_do_not_is_enough(visitor: Client) -> None:
    for name in ("One", "Two", "Three"):
        add_toy(name)
    add_box("Red")
    assert dropped(visitor, "One", "Two", "Three", "Red")
    report = undo_batch(last_batch())
    assert (report.undone, report.conflict_count) == (1, 3)


@pytest.mark.parametrize(("field", "offered"), [("note", True), ("pin", False)])
def test_a_secret_that_is_given_up_has_no_way_back(visitor: Client, toy_server: ToyServer, field: str, offered: bool) -> None:
    remote = toy_server.add("toy", toy("Ball", pin="1"))
    pull(toy_server.as_client())
    sql(f"UPDATE toy SET {field} = 'mine'")
    toy_server.toys[remote] |= {field: "theirs"}
    pull(toy_server.as_client())
    entry = OutboxEntry.objects.get()
    assert bool(undo_after(visitor, f"/server/queue/{entry.pk}/", all="theirs")) == offered


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_a_deletion_there_that_is_followed_here_promises_nothing(visitor: Client, toy_server: ToyServer, side: str) -> None:
    remote = toy_server.add("toy", toy("Ball"))
    pull(toy_server.as_client())
    sql("UPDATE toy SET name = 'Mine'")
    del toy_server.toys[remote]
    deliver(toy_server.as_client())
    entry = OutboxEntry.objects.get()
    assert undo_after(visitor, f"/server/queue/{entry.pk}/", **{"field-deleted": side}) == ""


def test_judging_reads_the_journal_once(visitor: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(20):
        add_toy(f"Toy {number}")
    dropped(visitor, *(f"Toy {number}" for number in range(20)))
    batch = last_batch()
    with django_assert_num_queries(1):
        assert not has_way_back(batch)
    with django_assert_num_queries(0):
        assert not has_way_back("")
