"""Patterns that operators type: refused in words, one meaning everywhere, never slow, never a crash (20, DESIGN §7)."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm_site.regex import (
    GIVE_UP_AFTER,
    MAX_LENGTH,
    Pattern,
    PatternRefused,
    PatternSet,
    compile_pattern,
    compile_replacement,
)

SLOW = r"(a|aa)+\1$(?!z)"
SLOW_ON = "a" * 40 + "!"


def replaced(pattern: str, replacement: str, text: str) -> str | None:
    compiled = compile_pattern(pattern)
    return compiled.replace(text, compile_replacement(replacement, compiled))


@pytest.mark.parametrize("text", ["(", "[", "a**", r"\C", "(?P<n>", "*"])
def test_what_is_no_pattern_is_refused_with_the_compilers_words(text: str) -> None:
    with pytest.raises(PatternRefused, match=r"This is no valid pattern: .+"):
        compile_pattern(text)


@pytest.mark.parametrize("text", ["", "a\0b", "a" * (MAX_LENGTH + 1)])
def test_patterns_that_cannot_be_stored_are_refused(text: str) -> None:
    with pytest.raises(PatternRefused):
        compile_pattern(text)


def test_the_length_that_a_form_allows_counts() -> None:
    compile_pattern("a" * 200, max_length=200)
    with pytest.raises(PatternRefused, match="201 characters; 200 are allowed"):
        compile_pattern("a" * 201, max_length=200)


@pytest.mark.parametrize(
    ("text", "is_linear"), [("news|sport", True), (r"\bHD\b", True), ("HD(?!R)", False), (r"(a)\1", False)]
)
def test_a_pattern_knows_whether_it_can_be_slow(text: str, is_linear: bool) -> None:
    assert compile_pattern(text).is_linear is is_linear


@pytest.mark.parametrize(
    ("pattern", "ignore_case", "text", "found"),
    [
        ("news", False, "BBC news", True),
        ("news", False, "NEWS", False),
        ("news", True, "NEWS", True),
        ("É", True, "é", True),
        ("HD(?!R)", True, "fox hd", True),
        ("HD(?!R)", True, "fox hdr", False),
        (".*", False, "", True),
        ("^$", False, "", True),
    ],
)
def test_a_pattern_is_searched_anywhere(pattern: str, ignore_case: bool, text: str, found: bool) -> None:
    assert compile_pattern(pattern, ignore_case=ignore_case).found_in(text) is found


@pytest.mark.parametrize("reference", ["$1", "${1}", "$<tail>", r"\1", r"\g<1>", r"\g<tail>"])
@pytest.mark.parametrize("ending", ["$", "(?=$)"])  # either engine
def test_every_way_to_name_a_group_works(reference: str, ending: str) -> None:
    assert replaced(rf"^x/(?P<tail>.*){ending}", f"y/{reference}", "x/55.ts") == "y/55.ts"


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "result"),
    [
        (r"(.+) Channel (\d+)", "$1 #$2", "Alpha Channel 11", "Alpha #11"),  # 20 §25.3 #65
        ("^US: ", "", "US: ESPN", "ESPN"),  # 66
        ("(.*)", "[$1]", "abc", "[abc]"),
        ("x*", "-", "éab", "-é-a-b-"),
        ("x*(?=)", "-", "éab", "-é-a-b-"),
        ("a(b)?", "<$1>", "a", "<>"),
        ("(a)", "$10", "a", "a0"),
        ("a", "$$1", "a", "$1"),
        ("a", r"\\1", "a", r"\1"),
        ("a", "$0$0", "a", "aa"),
        ("a", "5 $ and \\n", "a", "5 $ and \\n"),
        ("b", "x", "a", None),
    ],
)
def test_replacing(pattern: str, replacement: str, text: str, result: str | None) -> None:
    assert replaced(pattern, replacement, text) == result


@pytest.mark.parametrize("replacement", ["$2", "${2}", "$<name>", r"\2", r"\g<name>", "${" + "1" * 5000 + "}"])
def test_a_replacement_that_names_a_missing_group_is_refused(replacement: str) -> None:
    with pytest.raises(PatternRefused, match=r"only 1 such\. For a dollar sign write \$\$"):
        compile_replacement(replacement, compile_pattern("(a)"))


def test_a_slow_pattern_counts_as_no_match_and_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    pattern = compile_pattern(SLOW)
    with caplog.at_level(logging.WARNING):
        for _ in range(GIVE_UP_AFTER * 3):
            assert pattern.found_in(SLOW_ON) is False
    assert pattern.has_given_up
    assert pattern.timeouts == GIVE_UP_AFTER
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 1
    assert SLOW not in warnings[0]


def test_many_calls_just_short_of_the_limit_are_too_much_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecm_site.regex.GIVE_UP_SECONDS", 0.05)
    monkeypatch.setattr("ecm_site.regex._SLOW_CALL", 0.0)
    pattern = compile_pattern("a(?=b)")
    calls = 0
    while not pattern.has_given_up and calls < 100_000:
        assert pattern.found_in("x" * 5000 + "ab")
        calls += 1
    assert pattern.has_given_up
    assert pattern.timeouts == 0
    assert pattern.found_in("ab") is False


def test_a_slow_replacement_leaves_the_text_alone() -> None:
    assert replaced(SLOW, "x", SLOW_ON) is None


def test_the_first_pattern_of_a_set_counts_whichever_engine_runs_it() -> None:
    patterns = PatternSet([compile_pattern("foo(?=bar)"), compile_pattern("FOO", ignore_case=True), compile_pattern("o")])
    assert [patterns.first(text) for text in ("foobar", "Foo", "o", "x", "\ud800")] == [0, 1, 2, None, None]
    assert PatternSet([]).first("x") is None


PIECES = st.lists(
    st.sampled_from(["a", "b", "é", ".", "*", "+", "?", "(", ")", "[", "]", "^", "$", "|", r"\w", r"\b", "(?=", "{2}"])
)


def compiled(text: str, *, ignore_case: bool) -> Pattern | None:
    try:
        return compile_pattern(text, ignore_case=ignore_case)
    except PatternRefused:
        return None


@given(st.lists(st.tuples(PIECES.map("".join), st.booleans()), max_size=5), st.text(max_size=30))
def test_a_set_decides_as_its_patterns_do_one_by_one(typed: list[tuple[str, bool]], text: str) -> None:
    patterns = [found for pattern, ignore in typed if (found := compiled(pattern, ignore_case=ignore)) is not None]
    one_by_one = next((number for number, pattern in enumerate(patterns) if pattern.found_in(text)), None)
    assert PatternSet(patterns).first(text) == one_by_one


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
def test_whatever_is_typed_is_refused_in_words_or_works(pattern: str, replacement: str, text: str) -> None:
    found = compiled(pattern, ignore_case=True)
    if found is None:
        return
    assert found.found_in(text) in (True, False)
    try:
        made = compile_replacement(replacement, found)
    except PatternRefused:
        return
    assert found.replace(text, made) is None or isinstance(found.replace(text, made), str)
