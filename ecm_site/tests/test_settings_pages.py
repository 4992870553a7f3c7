"""Settings pages save their own fields, say what is wrong, and leave a trace (50 §5)."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ecm_site.conf import get_settings, save_settings
from m3u_app.models import Account, Stream
from tasks_app.models import JournalEntry

GENERAL = {"time_zone": "Europe/Berlin"}
APPEARANCE = {"theme": "dark", "show_stream_urls": "on"}
GUIDE = {"epg_keep_past_hours": "48", "epg_keep_future_days": "7", "gracenote_conflict_mode": "ask"}
NAMING = {"channel_number_separator": ":", "country_separator": "|", "timezone_preference": "east"}


@pytest.fixture(autouse=True)
def fresh_settings(settings: object, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path


def test_a_page_saves_its_own_fields_and_no_other(signed_in: Client) -> None:
    save_settings(country_separator=":", epg_keep_past_hours=5)
    assert signed_in.post("/settings/general/", GENERAL).status_code == 302
    saved = get_settings()
    assert (saved.time_zone, saved.show_stream_urls, saved.hide_m3u_urls) == ("Europe/Berlin", True, False)
    assert (saved.country_separator, saved.epg_keep_past_hours) == (":", 5)


def test_saving_is_journalled_with_before_and_after(signed_in: Client) -> None:
    signed_in.post("/settings/guide/", GUIDE)
    entry = JournalEntry.objects.get(category="settings")
    assert entry.before_value == {"epg_keep_past_hours": 24, "epg_keep_future_days": 14}
    assert entry.after_value == {"epg_keep_past_hours": 48, "epg_keep_future_days": 7}
    signed_in.post("/settings/guide/", GUIDE)
    assert JournalEntry.objects.filter(category="settings").count() == 1


@pytest.mark.parametrize(
    ("slug", "values", "field"),
    [
        ("general", GENERAL | {"time_zone": "Mars/Olympus"}, "time_zone"),
        ("appearance", APPEARANCE | {"theme": "pink"}, "theme"),
        ("guide", GUIDE | {"epg_keep_past_hours": "-1"}, "epg_keep_past_hours"),
        ("guide", GUIDE | {"epg_keep_future_days": "61"}, "epg_keep_future_days"),
        ("guide", GUIDE | {"epg_keep_future_days": "many"}, "epg_keep_future_days"),
        ("channel-defaults", NAMING | {"channel_number_separator": "/"}, "channel_number_separator"),
        (
            "channel-defaults",
            NAMING | {"remove_country_prefix": "on", "include_country_in_name": "on"},
            "include_country_in_name",
        ),
        ("channel-defaults", NAMING | {"custom_network_prefixes": "x" * 51}, "custom_network_prefixes"),
        ("playlists", {"fetch_max_megabytes": "1", "extracted_max_megabytes": "1"}, "stream_identity"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(signed_in: Client, slug: str, values: dict[str, str], field: str) -> None:
    before = get_settings()
    answer = signed_in.post(f"/settings/{slug}/", values)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert f'id="id_{field}_errors"' in answer.content.decode()
    assert get_settings() == before


def test_word_lists_are_kept_one_a_line_without_doubles(signed_in: Client) -> None:
    signed_in.post("/settings/channel-defaults/", NAMING | {"custom_network_prefixes": "PPV \r\n\r\nVIP\r\nPPV"})
    assert get_settings().custom_network_prefixes == ("PPV", "VIP")
    assert "PPV\nVIP</textarea>" in signed_in.get("/settings/channel-defaults/").content.decode().replace("\r", "")


def test_the_identity_of_streams_is_fixed_while_there_are_streams(signed_in: Client) -> None:
    values = {"stream_identity": ["name", "group"], "fetch_max_megabytes": "10", "extracted_max_megabytes": "20"}
    signed_in.post("/settings/playlists/", values)
    assert get_settings().stream_identity == ("name", "group")
    Stream.objects.create(account=Account.objects.create(name="A"), name="S", url="http://tv.example/1", stream_hash=b"1")
    signed_in.post("/settings/playlists/", values | {"stream_identity": ["url"]})
    assert get_settings().stream_identity == ("name", "group")
    assert "Fixed while there are streams" in signed_in.get("/settings/playlists/").content.decode()


def test_pages_show_times_in_the_chosen_zone(signed_in: Client) -> None:
    from django.utils import timezone

    seen: list[str] = []
    save_settings(time_zone="Asia/Tokyo")
    signed_in.get("/")
    from ecm_site.middleware import TimeZoneMiddleware

    TimeZoneMiddleware(lambda request: seen.append(timezone.get_current_timezone_name()))(None)
    assert seen == ["Asia/Tokyo"]
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_stored_zone_that_no_longer_exists_falls_back_to_utc(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"time_zone": "Mars/Olympus", "epg_keep_past_hours": 5}')
    assert (get_settings().time_zone, get_settings().epg_keep_past_hours) == ("", 5)


def test_settings_are_changed_by_administrators_alone(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("bob"))
    assert client.post("/settings/general/", GENERAL).status_code == 403
    assert get_settings().time_zone == ""


def test_an_unknown_page_is_not_found(signed_in: Client) -> None:
    assert signed_in.get("/settings/nothing/").status_code == 404
    assert signed_in.get("/settings/")["Location"] == "/settings/general/"
