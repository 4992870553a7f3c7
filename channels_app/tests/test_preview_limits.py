"""Previews keep to what a provider allows at once (20 §7)."""

from collections.abc import Iterator

import pytest

from channels_app.preview.errors import PreviewRefused
from channels_app.preview.slots import Slot, claim, open_previews
from ecm_site.conf import save_settings
from m3u_app.connection_limits import ConnectionLimit

ONE = ConnectionLimit("account:1", 1, "“Acme” allows 1 connection at once")
SHARED = ConnectionLimit("login:5:x", 1, "“Acme” allows 1 connection at once, also for the accounts that share its login")
OTHER = ConnectionLimit("account:2", 1, "“Other” allows 1 connection at once")


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Slot]]:
    monkeypatch.setattr("channels_app.preview.slots._PATIENCE_SECONDS", 0.0)
    save_settings(preview_limit=6, preview_limit_per_user=6)
    taken: list[Slot] = []
    yield taken
    for slot in taken:
        slot.release()


def test_one_more_than_the_provider_allows_is_refused_with_who_holds_it(slots: list[Slot]) -> None:
    slots.append(claim(1, "ann", "News", [ONE]))
    with pytest.raises(
        PreviewRefused, match="“Acme” allows 1 connection at once, and previews use them: ann: “News”"
    ) as refused:
        claim(2, "bob", "Sports", [ONE])
    assert refused.value.status == 503
    slots.append(claim(2, "bob", "Elsewhere", [OTHER]))
    assert len(open_previews()) == 2


def test_a_closed_preview_frees_its_place(slots: list[Slot]) -> None:
    claim(1, "ann", "News", [ONE]).release()
    slots.append(claim(2, "bob", "Sports", [ONE]))


def test_accounts_with_the_same_login_share_it_and_both_counters_are_taken_or_none(slots: list[Slot]) -> None:
    slots.append(claim(1, "ann", "News", [ONE, SHARED]))
    with pytest.raises(PreviewRefused, match="share its login"):
        claim(2, "bob", "Sports", [OTHER, SHARED])
    slots.append(claim(2, "bob", "Sports", [OTHER]))


def test_streams_without_a_limit_are_free(slots: list[Slot]) -> None:
    slots += [claim(number, "ann", "Own stream") for number in range(1, 4)]
    assert len(open_previews()) == 3
