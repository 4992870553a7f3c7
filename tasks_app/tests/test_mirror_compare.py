"""Three versions of a row: nothing that one side alone changed is lost, and nothing that both changed is decided for them."""

from hypothesis import given
from hypothesis import strategies as st

from tasks_app.mirror.compare import DIGEST, base_of_creation, comparable, differing, digest, same, three_way
from tasks_app.tests.mirror_toys import ToyKind

FIELDS = ["a", "b", "c"]
plain = st.one_of(
    st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "x", "y"]), st.lists(st.integers(0, 2), max_size=2)
)
rows = st.fixed_dictionaries(dict.fromkeys(FIELDS, plain))


@given(rows, rows, rows)
def test_each_field_goes_exactly_one_way(base: dict, mine: dict, theirs: dict) -> None:
    result = three_way(base, mine, theirs)
    for name in FIELDS:
        ways = [name in result.take, name in result.send, name in result.conflicts]
        if same(mine[name], theirs[name]):
            assert ways == [False, False, False]
            assert same(result.agreed[name], theirs[name])
        elif same(base[name], mine[name]):
            assert ways == [True, False, False]
            assert same(result.take[name], theirs[name])
        elif same(base[name], theirs[name]):
            assert ways == [False, True, False]
            assert same(result.send[name], mine[name])
        else:
            assert ways == [False, False, True]
            assert result.conflicts[name] == {"base": base[name], "mine": mine[name], "theirs": theirs[name]}


@given(rows, rows, rows)
def test_carried_out_it_leaves_only_conflicts(base: dict, mine: dict, theirs: dict) -> None:
    result = three_way(base, mine, theirs)
    here, there = {**mine, **result.take}, {**theirs, **result.send}
    agreed = {**result.agreed, **result.send}
    again = three_way(agreed, here, there)
    assert (again.take, again.send) == ({}, {})
    assert set(again.conflicts) == set(result.conflicts)
    assert set(differing(here, there)) == set(result.conflicts)


@given(rows, rows)
def test_without_a_base_what_differs_is_a_question(mine: dict, theirs: dict) -> None:
    result = three_way({}, mine, theirs)
    assert (result.take, result.send) == ({}, {})
    assert set(result.conflicts) == set(differing(mine, theirs))


def test_true_is_not_one_but_one_is_one_point_zero() -> None:
    assert not same(True, 1)
    assert same(1, 1.0)
    assert same([1, "a"], (1.0, "a"))
    assert not same([1], [1, 2])
    assert same({"a": [1]}, {"a": [1.0]})
    assert not same({"a": 1}, {"b": 1})
    assert not same(None, "")


@given(st.text(), st.text())
def test_secrets_compare_by_digest_and_tell_nothing(one: str, other: str) -> None:
    first, second = (comparable(ToyKind(), {"pin": value, "name": "x"}) for value in (one, other))
    assert (first["pin"] == second["pin"]) == (one == other)
    assert first["name"] == "x"
    if one:
        assert first["pin"].startswith(DIGEST)
        assert len(one) < 3 or one not in first["pin"]


def test_the_digest_of_a_secret_differs_by_kind_and_field() -> None:
    assert len({digest(kind, field, "1234") for kind in ("a", "b") for field in ("x", "y")}) == 4
    assert digest("a", "x", None) is None


def test_the_base_of_a_found_creation_is_what_was_certainly_sent() -> None:
    sent = [{"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "c": 2}]
    assert base_of_creation(sent, {"a": 5, "b": 2, "c": 7, "d": 9}) == {"a": 1, "b": 2}
    assert base_of_creation([], {"a": 1}) == {}
