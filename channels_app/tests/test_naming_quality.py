"""Quality words (10 §12.1; 25.3 #33–35, #41)."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.naming import best_first, plain_letters, quality_priority, quality_tier, strip_quality


@pytest.mark.parametrize(
    ("name", "priority"),
    [
        ("ESPN 4K", 10),  # 33
        ("ESPN UHD", 10),
        ("ESPN FHD", 20),
        ("ESPN HD", 30),
        ("ESPN SD", 40),
        ("ESPN", 30),
        ("2160p", 9),  # 34
        ("1440p", 14),
        ("1080p", 19),
        ("720p", 28),
        ("540p", 37),
        ("480p", 42),
        ("240p", 60),
        ("ESPN 1080i", 19),
        ("ESPN 2160p HD", 30),  # named words beat numbers
        ("HD ESPN 4K", 10),
        ("SHD HDTV 4KIDS", 30),
        ("ESPN_FHD", 20),
        ("ESPN ᶠᴴᴰ", 20),
        ("ESPN 00p", 60),
        ("", 30),
    ],
)
def test_priority(name: str, priority: int) -> None:
    assert quality_priority(name) == priority


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("X 4K", "4K"),
        ("X 1080p", "FHD"),
        ("X FHD", "FHD"),
        ("X HD", "HD"),
        ("X SD", "SD"),
        ("X 480p", "SD"),
        ("X 240p", "Unknown"),
    ],
)
def test_tier(name: str, tier: str) -> None:
    assert quality_tier(quality_priority(name)) == tier


@pytest.mark.parametrize(
    ("name", "stripped"),
    [
        ("ESPN | HD", "ESPN"),  # 35
        ("Fox News 1080p", "Fox News"),
        ("Channel 476p", "Channel"),
        ("BBC ᵁᴴᴰ", "BBC"),
        ("BBC ᴜʜᴅ", "BBC"),
        ("ＢＢＣ　ＵＨＤ", "BBC"),
        ("ESPN FHD HEVC", "ESPN"),
        ("ESPN_HD", "ESPN"),
        ("ESPN:HD", "ESPN"),
        ("ESPN (1080p)", "ESPN"),
        ("ESPN [4K]", "ESPN"),
        ("ESPN H.265", "ESPN"),
        ("ESPN (720p) [Not 24/7]", "ESPN"),
        ("ESPN (1080p) [Geo-blocked] [Not 24/7]", "ESPN"),
        ("24/7 Friends", "24/7 Friends"),
        ("ESPN HD |", "ESPN"),
        ("4K Movies", "4K Movies"),
        ("HD", "HD"),
        ("ABCHD", "ABCHD"),
        ("HBO 2", "HBO 2"),
        ("", ""),
    ],
)
def test_stripping(name: str, stripped: str) -> None:
    assert strip_quality(name) == stripped


@given(st.text(alphabet="HDSF4Kp10 -_|:()x", max_size=30))
def test_stripping_never_empties_a_name_and_is_stable(name: str) -> None:
    stripped = strip_quality(name)
    assert strip_quality(stripped) == stripped
    assert bool(stripped) == bool(plain_letters(name))


@dataclass(frozen=True)
class Source:
    label: str
    name: str
    provider: int | None


def ordered(*sources: Source) -> str:
    found = best_first(sources, priority=lambda source: quality_priority(source.name), provider=lambda source: source.provider)
    return " ".join(source.label for source in found)


def test_failover_order_takes_turns_between_providers() -> None:  # 41
    assert (
        ordered(
            Source("1", "X HD", 1),
            Source("2", "X HD", 1),
            Source("3", "X HD", 2),
            Source("4", "X 4K", 2),
            Source("5", "X", None),
            Source("6", "X SD", 1),
            Source("7", "X 720p", 2),
        )
        == "4 7 1 3 5 2 6"
    )


@given(st.lists(st.tuples(st.sampled_from(["X", "X HD", "X 4K", "X SD"]), st.sampled_from([None, 1, 2, 3])), max_size=20))
def test_ordering_loses_nothing_and_keeps_each_providers_order(pairs: list[tuple[str, int | None]]) -> None:
    sources = [Source(str(place), name, provider) for place, (name, provider) in enumerate(pairs)]
    found = best_first(sources, priority=lambda source: quality_priority(source.name), provider=lambda source: source.provider)
    assert sorted(found, key=lambda source: int(source.label)) == sources
    for name, provider in set(pairs):
        labels = [int(source.label) for source in found if (source.name, source.provider) == (name, provider)]
        assert labels == sorted(labels)
