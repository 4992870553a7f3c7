"""Entries as field-by-field differences, for values of any kind."""

from hypothesis import given
from hypothesis import strategies as st

from tasks_app.journal_diff import difference, restoration
from tasks_app.models import JournalEntry

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def test_changed_fields_are_told_from_unchanged_ones():
    entry = JournalEntry(
        before_value={"name": "A", "number": "1", "hd": False}, after_value={"name": "B", "number": "1", "hd": True}
    )
    shown = difference(entry)
    assert [(change.name, change.before, change.after) for change in shown.changed] == [("name", "A", "B"), ("hd", "no", "yes")]
    assert [change.name for change in shown.unchanged] == ["number"]
    back = restoration(entry)
    assert [(change.before, change.after) for change in back.changed] == [("B", "A"), ("yes", "no")]


def test_a_creation_has_no_before_and_a_deletion_no_after():
    created = difference(JournalEntry(before_value=None, after_value={"name": "A", "group": None}))
    assert [(change.before, change.after) for change in created.changed] == [(None, "A"), (None, "–")]
    deleted = difference(JournalEntry(before_value={"name": "A"}, after_value=None))
    assert [(change.before, change.after) for change in deleted.changed] == [("A", None)]


def test_a_field_that_one_side_leaves_out_was_empty():
    shown = difference(JournalEntry(before_value={"name": "A"}, after_value={"name": "A", "logo": "http://u:p@x/"}))
    assert [(change.name, change.before, change.after) for change in shown.changed] == [("logo", "–", "http://***@x/")]


def test_long_values_are_shortened_and_say_how_long_they_are():
    shown = difference(JournalEntry(before_value={"ids": list(range(1000))}, after_value={"ids": [], "note": "x" * 5000}))
    texts = {change.name: change for change in shown.changed}
    assert texts["ids"].before.endswith("(1,000 in all)")
    assert texts["ids"].after == "–"
    assert texts["note"].after.endswith("(5,000 characters)")
    assert len(texts["note"].after) < 2100


@given(before=values, after=values)
def test_any_value_can_be_shown(before, after):
    shown = difference(JournalEntry(before_value=before, after_value=after))
    for change in (*shown.changed, *shown.unchanged):
        assert isinstance(change.before, str | None)
        assert isinstance(change.after, str | None)


@given(value=values)
def test_a_value_does_not_differ_from_itself(value):
    if isinstance(value, dict):
        assert difference(JournalEntry(before_value=value, after_value=value)).changed == []
