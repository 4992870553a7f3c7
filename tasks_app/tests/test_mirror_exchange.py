"""Rows that exchange names which are unique on the server, also when the worker dies in between."""

from collections.abc import Callable, Iterator

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.answers import Answered, drop, retry, take_theirs
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.kinds import Change, LinkBook, Outcome, Refused, name_stand_in
from tasks_app.mirror.pull import pull
from tasks_app.models import JournalEntry, MirrorLink, OutboxEntry, OutboxState
from tasks_app.tests.mirror_toys import BoxKind, Killed, ToyServer, add_box, sql

pytestmark = pytest.mark.django_db


def boxes_here() -> dict[int, str]:
    return dict(sql("SELECT id, name FROM toy_box ORDER BY id"))


def names_there(server: ToyServer) -> list[str]:
    return [row["name"] for _, row in sorted(server.boxes.items())]


def rename_here(names: dict[int, str]) -> None:
    for pk in names:
        sql("UPDATE toy_box SET name = %s WHERE id = %s", [f"~{pk}", pk])
    for pk, name in names.items():
        sql("UPDATE toy_box SET name = %s WHERE id = %s", [name, pk])


@pytest.fixture
def boxes(toy_server: ToyServer) -> list[int]:
    """Boxes One, Two and Three, on both sides; their ids here."""
    for name in ("One", "Two", "Three"):
        toy_server.add("box", {"name": name})
    pull(toy_server.as_client())
    return sorted(boxes_here())


def killed_while_they_exchange(server: ToyServer, boxes: list[int]) -> None:
    """One and Two exchange their names; the worker dies when the first of them has stepped aside."""
    rename_here({boxes[0]: "Two", boxes[1]: "One"})
    server.plan = ["kill"]
    with pytest.raises(Killed):
        deliver(server.as_client())
    assert "ECM is renaming" in names_there(server)[0]


def assert_done(server: ToyServer) -> None:
    """Nothing waits, both sides are equal, and a pull finds nothing new."""
    assert not OutboxEntry.objects.exists()
    assert not MirrorLink.objects.exclude(stand_in={}).exists()
    assert list(boxes_here().values()) == names_there(server)
    assert not pull(server.as_client()).changed


def test_two_exchange_their_names(toy_server: ToyServer, boxes: list[int]) -> None:
    rename_here({boxes[0]: "Two", boxes[1]: "One"})
    report = deliver(toy_server.as_client())
    assert (report.updated, report.parked, report.trouble) == (2, 0, "")
    assert names_there(toy_server) == ["Two", "One", "Three"]
    assert toy_server.requests.count("PATCH box") == 3
    assert_done(toy_server)


def test_three_pass_their_names_on(toy_server: ToyServer, boxes: list[int]) -> None:
    rename_here({boxes[0]: "Two", boxes[1]: "Three", boxes[2]: "One"})
    assert deliver(toy_server.as_client()).updated == 3
    assert names_there(toy_server) == ["Two", "Three", "One"]
    assert toy_server.requests.count("PATCH box") == 4
    assert_done(toy_server)


def test_a_long_row_moves_up_in_one_go_whatever_its_order(toy_server: ToyServer) -> None:
    for number in range(40):
        toy_server.add("box", {"name": f"Box {number:02}"})
    pull(toy_server.as_client())
    rename_here({pk: f"Box {int(name[-2:]) + 1:02}" for pk, name in boxes_here().items()})
    before = len(toy_server.requests)
    assert deliver(toy_server.as_client()).updated == 40
    assert toy_server.requests[before:].count("PATCH box") == 40
    assert_done(toy_server)


def test_a_name_that_is_given_up_and_taken_by_a_new_one_in_the_same_delivery(toy_server: ToyServer, boxes: list[int]) -> None:
    rename_here({boxes[0]: "Four"})
    add_box("One")
    sql("DELETE FROM toy_box WHERE id = %s", [boxes[1]])
    add_box("Two")
    report = deliver(toy_server.as_client())
    assert (report.created, report.updated, report.deleted, report.parked) == (2, 1, 1, 0)
    assert sorted(names_there(toy_server)) == ["Four", "One", "Three", "Two"]
    assert_done(toy_server)


def test_after_a_kill_the_name_in_between_is_nobodys_edit(toy_server: ToyServer, boxes: list[int]) -> None:
    killed_while_they_exchange(toy_server, boxes)
    told = JournalEntry.objects.count()
    assert not pull(toy_server.as_client()).changed
    assert list(boxes_here().values()) == ["Two", "One", "Three"]
    assert not OutboxEntry.objects.exclude(state=OutboxState.WAITING).exists()
    deliver(toy_server.as_client())
    assert names_there(toy_server) == ["Two", "One", "Three"]
    assert JournalEntry.objects.count() == told
    assert_done(toy_server)


def test_an_exchange_that_is_taken_back_after_a_kill(toy_server: ToyServer, boxes: list[int]) -> None:
    killed_while_they_exchange(toy_server, boxes)
    rename_here({boxes[0]: "One", boxes[1]: "Two"})
    deliver(toy_server.as_client())
    assert names_there(toy_server) == ["One", "Two", "Three"]
    assert_done(toy_server)


@pytest.mark.parametrize("give_up", [drop, take_theirs])
def test_an_exchange_that_is_given_up_after_a_kill(
    toy_server: ToyServer, boxes: list[int], give_up: Callable[[list[int]], Answered]
) -> None:
    killed_while_they_exchange(toy_server, boxes)
    rename_here({boxes[1]: "Five"})  # the name is free for the other one
    give_up([OutboxEntry.objects.get(local_id=boxes[0]).pk])
    deliver(toy_server.as_client())
    assert names_there(toy_server) == ["One", "Five", "Three"]
    assert_done(toy_server)


def test_a_row_without_a_change_waiting_gets_its_name_back_there(toy_server: ToyServer, boxes: list[int]) -> None:
    killed_while_they_exchange(toy_server, boxes)
    rename_here({boxes[0]: "One", boxes[1]: "Two"})
    OutboxEntry.objects.all().delete()
    assert not pull(toy_server.as_client()).changed
    assert list(boxes_here().values()) == ["One", "Two", "Three"]
    deliver(toy_server.as_client())
    assert names_there(toy_server) == ["One", "Two", "Three"]
    assert_done(toy_server)


def test_a_row_that_is_deleted_after_a_kill_is_deleted_there(toy_server: ToyServer, boxes: list[int]) -> None:
    killed_while_they_exchange(toy_server, boxes)
    sql("DELETE FROM toy_box WHERE id = %s", [boxes[0]])
    deliver(toy_server.as_client())
    assert names_there(toy_server) == ["One", "Three"]
    assert_done(toy_server)


def test_what_somebody_else_calls_it_meanwhile_is_an_edit_as_any_other(toy_server: ToyServer, boxes: list[int]) -> None:
    killed_while_they_exchange(toy_server, boxes)
    toy_server.boxes[min(toy_server.boxes)]["name"] = "Theirs"
    deliver(toy_server.as_client())
    [entry] = OutboxEntry.objects.all()
    assert entry.conflict == {"name": {"base": "One", "mine": "Two", "theirs": "Theirs"}}
    assert names_there(toy_server) == ["Theirs", "One", "Three"]


def test_when_the_other_one_may_not_change_the_first_is_called_as_before(
    toy_server: ToyServer, boxes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    update = BoxKind.update

    def stubborn(self: BoxKind, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        for change in changes:
            if change.local_id == boxes[1]:
                yield Refused(change.local_id, "This box stays as it is.")
            else:
                yield from update(self, client, links, [change])

    rename_here({boxes[0]: "Two", boxes[1]: "One"})
    monkeypatch.setattr(BoxKind, "update", stubborn)
    assert deliver(toy_server.as_client()).parked == 2
    assert names_there(toy_server) == ["One", "Two", "Three"]
    monkeypatch.setattr(BoxKind, "update", update)
    retry(list(OutboxEntry.objects.values_list("pk", flat=True)))
    deliver(toy_server.as_client())
    assert names_there(toy_server) == ["Two", "One", "Three"]
    assert_done(toy_server)


def test_a_stand_in_keeps_to_the_longest_name() -> None:
    made = name_stand_in("x" * 300, 2**40, longest=100)
    assert len(made) == 100
    assert made.endswith(f"no. {2**40})")
