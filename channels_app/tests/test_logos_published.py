"""Uploaded logos are published under this server's address; others as they are."""

import pytest

from channels_app.logos.edit_logos import upload_logo
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.logo_fixtures import png
from channels_app.tests.publish_fixtures import Published, attribute, change, published

__all__ = ["published"]


@pytest.fixture
def uploaded(published: Published, tmp_path: object, settings: object) -> str:
    settings.UPLOAD_DIR = f"{tmp_path}/uploads"  # type: ignore[attr-defined]
    logo, _ = upload_logo(png(), "a.png")
    entry = make_entry("a.uk")
    make_channel("A", "1", streams=make_streams(["a"]), logo_url=logo.url, tvg_id="a.uk", guide_entry=entry)
    make_channel("B", "2", streams=make_streams(["b"]), logo_url="http://logos.example/b.png")
    return logo.url


def test_players_find_it_under_the_address_by_which_they_came(published: Published, uploaded: str) -> None:
    published.publish()
    first, second = published.infos()
    logo = attribute(first, "tvg-logo")
    assert logo == f"http://testserver{uploaded}"
    assert attribute(second, "tvg-logo") == "http://logos.example/b.png"
    assert published.get(logo.removeprefix("http://testserver")).status_code == 200


def test_the_guide_names_it_once_the_address_for_players_is_known(published: Published, uploaded: str) -> None:
    published.publish()
    icons = [one.get("src") for one in published.guide().iter("icon")]
    assert icons == ["http://logos.example/b.png"]
    change(public_base_url="http://tv.example:6100/")
    published.publish()
    icons = [one.get("src") for one in published.guide().iter("icon")]
    assert icons == [f"http://tv.example:6100{uploaded}", "http://logos.example/b.png"]
