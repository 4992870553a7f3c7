"""What a list of filters decides about one entry (20 §5, §25.3), and that the decision is quick to ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3u_app.entries import GroupHint
from m3u_app.importing.filtering import FilterChain, Rule

KEEP_NEWS = Rule("name", "news", exclude=False)
DROP_REST = Rule("name", ".*")
DROP_ADULT = Rule("group", "Adult")
KEEP_HBO = Rule("name", "^HBO", exclude=False)


@pytest.mark.parametrize(
    ("rules", "group", "name", "url", "dropped"),
    [
        ([], "G", "Sports 1", "http://h/1.ts", False),  # 20 §25.3 #53
        ([KEEP_NEWS], "G", "Sports 1", "http://h/1.ts", False),  # 54
        ([KEEP_NEWS, DROP_REST], "G", "Sports 1", "http://h/1.ts", True),  # 55
        ([KEEP_NEWS, DROP_REST], "G", "BBC news", "http://h/1.ts", False),  # 56
        ([DROP_ADULT, KEEP_HBO], "Adult", "HBO", "http://h/1.ts", True),  # 57
        ([KEEP_HBO, DROP_ADULT], "Adult", "HBO", "http://h/1.ts", False),  # 58
        ([Rule("name", "news")], "G", "NEWS", "http://h/1.ts", False),  # 59
        ([Rule("name", "news", case_sensitive=False)], "G", "NEWS", "http://h/1.ts", True),  # 59
        ([Rule("url", r"\.mkv$")], "G", "Film", "http://h/x.mkv", True),  # 60
        ([Rule("url", r"\.mkv$")], "G", "x.mkv", "http://h/x.ts", False),
        ([Rule("name", "HD(?!R)")], "G", "Fox HDR", "http://h/1.ts", False),
        ([Rule("name", "HD(?!R)")], "G", "Fox HD", "http://h/1.ts", True),
        ([Rule("url", "x"), Rule("group", "^G$", exclude=False), DROP_REST], "G", "n", "http://h/1.ts", False),
        ([Rule("name", "("), Rule("name", "a")], "G", "a(", "http://h/1.ts", True),  # a broken one matches nothing
    ],
)
def test_the_first_filter_that_matches_decides(rules: list[Rule], group: str, name: str, url: str, dropped: bool) -> None:
    assert FilterChain(rules).drops(group, name, url) is dropped


def test_a_filter_whose_pattern_cannot_be_used_is_told_of() -> None:
    assert FilterChain([KEEP_NEWS, Rule("name", "(")]).notes() == [
        "Filter 2 holds an invalid pattern and was left out. Edit or delete it."
    ]


def test_a_filter_that_takes_too_long_is_told_of() -> None:
    chain = FilterChain([Rule("name", r"(a|aa)+\1$(?!z)")])
    assert chain.has_slow_rules
    assert chain.drops("G", "a" * 40 + "!", "http://h/1.ts") is False
    assert chain.notes() == ["Filter 1 took too long for 1 entry."]


def test_the_fingerprint_changes_with_everything_that_can_change_a_decision() -> None:
    hints = [GroupHint("Sports", "5")]
    chains = [
        FilterChain([DROP_ADULT, KEEP_HBO]),
        FilterChain([KEEP_HBO, DROP_ADULT]),
        FilterChain([DROP_ADULT]),
        FilterChain([DROP_ADULT._replace(exclude=False)]),
        FilterChain([DROP_ADULT._replace(case_sensitive=False)]),
        FilterChain([DROP_ADULT._replace(target="name")]),
        FilterChain([DROP_ADULT._replace(pattern="Kids")]),
    ]
    assert len({chain.fingerprint(hints) for chain in chains}) == len(chains)
    renamed = [GroupHint("US Sports", "5")]
    assert FilterChain([DROP_ADULT]).fingerprint(hints) != FilterChain([DROP_ADULT]).fingerprint(renamed)
    # Names of categories matter to filters that look at groups only.
    assert FilterChain([KEEP_HBO]).fingerprint(hints) == FilterChain([KEEP_HBO]).fingerprint(renamed)
    # Which row a filter is does not matter.
    assert FilterChain([KEEP_HBO._replace(id=7)]).fingerprint() == FilterChain([KEEP_HBO]).fingerprint()


RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(["group", "name", "url"]),
        st.one_of(st.text(max_size=12), st.sampled_from(["a", "^a", "b$", ".*", "a(?=b)", r"(a)\1", "[a-c]+"])),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


@given(RULES, st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_it_decides_as_the_filters_do_one_after_the_other(rules: list[Rule], group: str, name: str, url: str) -> None:
    singles = [FilterChain([rule]).decide(group, name, url) for rule in rules]
    expected = next((number for number, found in enumerate(singles) if found is not None), None)
    chain = FilterChain(rules)
    assert chain.decide(group, name, url) == expected
    assert chain.decide(group, name, url) == expected  # the second time its group is remembered
