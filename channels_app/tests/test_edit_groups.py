import pytest

from channels_app.commands import CreateGroup, DeleteGroups, PlaceGroups, RenameGroup
from channels_app.edit_groups import create_group, delete_groups, place_groups, rename_group
from channels_app.errors import EditRefused, NotThere
from channels_app.group_order import groups_in_order
from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def names_in_order() -> list[str]:
    return [group.name for group in groups_in_order()]


def test_an_existing_name_returns_that_group_whatever_the_case() -> None:
    first, _ = create_group(CreateGroup(" Sports "))
    again, outcome = create_group(CreateGroup("SPORTS"))
    assert again == first
    assert first.name == "Sports"
    assert not outcome.changed
    assert ChannelGroup.objects.count() == 1
    assert JournalEntry.objects.get().action_type == "group_create"


def test_names_with_other_letters_are_matched_without_case_too() -> None:
    first, _ = create_group(CreateGroup("Österreich"))
    assert create_group(CreateGroup("ÖSTERREICH"))[0] == first


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "\x00\x01"])
def test_a_group_needs_a_usable_name(name: str) -> None:
    with pytest.raises(EditRefused) as refused:
        create_group(CreateGroup(name))
    assert "name" in refused.value.problems


def test_renaming_refuses_a_name_that_is_taken() -> None:
    group, other = make_group("News"), make_group("Sports")
    with pytest.raises(EditRefused) as refused:
        rename_group(RenameGroup(group.pk, "sports"))
    assert "Sports" in refused.value.problems["name"]
    rename_group(RenameGroup(other.pk, "SPORTS"))  # its own name in another case is fine
    other.refresh_from_db()
    assert other.name == "SPORTS"
    assert JournalEntry.objects.get().before_value == {"name": "Sports"}


def test_renaming_to_the_same_name_changes_nothing() -> None:
    group = make_group("News")
    assert not rename_group(RenameGroup(group.pk, " News ")).changed
    assert not JournalEntry.objects.exists()


def test_renaming_a_group_that_is_gone_says_so() -> None:
    with pytest.raises(NotThere):
        rename_group(RenameGroup(404, "x"))


def test_channels_of_a_deleted_group_become_uncategorized() -> None:
    group = make_group("News")
    make_channels(group, A="1", B="2")
    outcome = delete_groups(DeleteGroups((group.pk, 404)))
    assert list(Channel.objects.values_list("group", flat=True)) == [None, None]
    assert not ChannelGroup.objects.exists()
    assert "2 channels now Uncategorized" in outcome.message
    entries = JournalEntry.objects.order_by("pk")
    assert [entry.action_type for entry in entries] == ["move", "move", "group_delete", "bulk_delete"]
    assert len({entry.batch_id for entry in entries}) == 1


def test_channels_are_deleted_with_their_group_when_asked() -> None:
    group = make_group("News")
    make_channels(group, A="1", B="2")
    make_channel("Other", "3")
    delete_groups(DeleteGroups((group.pk,), delete_channels=True))
    assert list(Channel.objects.values_list("name", flat=True)) == ["Other"]


def test_groups_stand_by_position_then_by_lowest_number_then_by_name() -> None:
    make_group("Empty 10")
    make_group("Empty 2")
    high, low = make_group("High"), make_group("Low")
    make_group("Pinned", position=3)
    make_channels(high, A="500")
    make_channels(low, B="4.5", C="600")
    assert names_in_order() == ["Pinned", "Low", "High", "Empty 2", "Empty 10"]


def test_a_placed_group_stays_where_it_was_put() -> None:
    groups = {name: make_group(name) for name in "ABCD"}
    for number, name in enumerate("ABCD", 1):
        make_channel(name, str(number), group=groups[name])
    place_groups(PlaceGroups((groups["D"].pk,), groups["B"].pk))
    assert names_in_order() == ["A", "D", "B", "C"]
    place_groups(PlaceGroups((groups["A"].pk,)))
    assert names_in_order() == ["D", "B", "C", "A"]
    place_groups(PlaceGroups((groups["D"].pk, groups["C"].pk), groups["C"].pk))
    assert names_in_order() == ["B", "D", "C", "A"]
    assert Channel.objects.get(name="D").number == 4
    assert JournalEntry.objects.filter(action_type="group_reorder").count() == 3


def test_placing_a_group_where_it_is_changes_nothing() -> None:
    first, second = make_group("A"), make_group("B")
    assert not place_groups(PlaceGroups((first.pk,), second.pk)).changed
    assert not JournalEntry.objects.exists()
    with pytest.raises(NotThere):
        place_groups(PlaceGroups((404,), second.pk))
