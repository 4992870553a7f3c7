"""The settings record survives bad values, other versions, other keys and savers at the same time (50 S-1 to S-3)."""

import json
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.test import override_settings

from ecm_site import conf
from ecm_site.conf import EcmSettings, get_settings, save_settings


@pytest.fixture(autouse=True)
def stored(settings: object, tmp_path: Path) -> Path:
    settings.CONFIG_DIR = tmp_path
    return tmp_path / "settings.json"


def test_bad_stored_values_are_mended_one_by_one_with_one_warning(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    """50 §18.6 row 102."""
    stored.write_text(
        json.dumps(
            {
                "epg_keep_future_days": 0,
                "fetch_max_megabytes": 10**9,
                "theme": "pink",
                "time_zone": None,
                "country_separator": ":",
            }
        )
    )
    caplog.set_level(logging.WARNING)
    record = get_settings()
    assert (record.epg_keep_future_days, record.fetch_max_megabytes) == (1, 65536)
    assert (record.theme, record.time_zone, record.country_separator) == ("dark", "", ":")
    get_settings()
    warnings = [entry.getMessage() for entry in caplog.records if entry.name == "ecm_site.conf"]
    assert len(warnings) == 1
    assert all(name in warnings[0] for name in ("epg_keep_future_days", "fetch_max_megabytes", "theme", "time_zone"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epg_keep_past_hours", "24"),
        ("epg_keep_past_hours", True),
        ("epg_keep_past_hours", [1]),
        ("show_stream_urls", "no"),
        ("stream_identity", "url"),
        ("stream_identity", []),
        ("theme", 3),
        ("time_zone", {"a": 1}),
        ("custom_network_prefixes", ["ok", 5]),
    ],
)
def test_a_value_of_another_kind_becomes_the_default_and_costs_nothing_else(stored: Path, name: str, value: object) -> None:
    stored.write_text(json.dumps({name: value, "country_separator": ":"}))
    assert getattr(get_settings(), name) == getattr(EcmSettings(), name)
    assert get_settings().country_separator == ":"


def test_keys_of_another_version_are_kept_when_saving(stored: Path) -> None:
    stored.write_text(json.dumps({"not_made_yet": {"a": [1]}, "theme": "light"}))
    save_settings(country_separator=":")
    assert json.loads(stored.read_text())["not_made_yet"] == {"a": [1]}
    assert get_settings().theme == "light"


def test_a_damaged_file_is_put_aside_and_not_overwritten(stored: Path) -> None:
    stored.write_text('{"theme": "light"')
    assert get_settings() == EcmSettings()
    save_settings(theme="light")
    assert stored.with_name("settings.damaged.json").read_text() == '{"theme": "light"'
    assert json.loads(stored.read_text())["theme"] == "light"


def test_savers_at_the_same_time_lose_nothing(stored: Path) -> None:
    def work(name: str, values: range) -> None:
        for value in values:
            save_settings(**{name: value})

    threads = [
        threading.Thread(target=work, args=("epg_keep_past_hours", range(1, 21))),
        threading.Thread(target=work, args=("epg_keep_future_days", range(1, 21))),
        threading.Thread(target=work, args=("fetch_max_megabytes", range(1, 21))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = get_settings()
    assert (record.epg_keep_past_hours, record.epg_keep_future_days, record.fetch_max_megabytes) == (20, 20, 20)


@pytest.mark.parametrize(("name", "value"), [("theme", "pink"), ("epg_keep_future_days", 61), ("nothing", 1)])
def test_a_wrong_value_is_refused_by_name_and_nothing_is_saved(stored: Path, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        save_settings(country_separator=":", **{name: value})
    assert not stored.exists()


@pytest.mark.parametrize(("one", "other"), conf.EXCLUSIVE)
def test_settings_that_exclude_each_other_are_never_both_on(
    stored: Path, caplog: pytest.LogCaptureFixture, one: str, other: str
) -> None:
    """50 §18.6 rows 104 and 105: refused when saving, mended when loading."""
    with pytest.raises(ValueError, match=f"^{other}: "):
        save_settings(**{one: True, other: True})
    save_settings(**{one: False, other: True})
    with pytest.raises(ValueError, match=f"^{other}: "):
        save_settings(**{one: True})
    assert (getattr(get_settings(), one), getattr(get_settings(), other)) == (False, True)
    stored.write_text(json.dumps({one: True, other: True, "theme": "light"}))
    record = get_settings()
    assert (getattr(record, one), getattr(record, other), record.theme) == (True, False, "light")
    assert other in caplog.text


def test_saving_one_page_leaves_the_secrets_of_another_alone(stored: Path) -> None:
    """50 §18.6 row 108."""
    save_settings(smtp_password="hunter2 hunter2", telegram_bot_token="12:abc")
    save_settings(theme="light")
    assert (get_settings().smtp_password, get_settings().telegram_bot_token) == ("hunter2 hunter2", "12:abc")


@pytest.mark.parametrize(("name", "low", "high"), [(name, *limits) for name, limits in conf.RANGES.items()])
def test_numbers_are_refused_outside_their_range_and_taken_at_its_ends(stored: Path, name: str, low: int, high: int) -> None:
    """As 50 §18.6 row 101, for every number there is."""
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"^{name}: must be a whole number from {low} to {high}"):
            save_settings(**{name: value})
    for value in (low, high):
        assert getattr(save_settings(**{name: value}), name) == value


@dataclass(frozen=True)
class WithSecret(EcmSettings):
    door_key: str = field(default="", repr=False)


@pytest.fixture
def door_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "EcmSettings", WithSecret)
    monkeypatch.setattr(conf, "SECRETS", frozenset({"door_key"}))
    monkeypatch.setattr(conf, "_cached", None)


def test_a_secret_is_encrypted_in_the_file_and_absent_from_what_is_printed(stored: Path, door_key: None) -> None:
    save_settings(door_key="open sesame")
    assert "sesame" not in stored.read_text()
    assert get_settings().door_key == "open sesame"
    assert "sesame" not in repr(get_settings())


def test_a_secret_of_another_key_file_is_empty_and_the_rest_is_kept(stored: Path, door_key: None) -> None:
    save_settings(door_key="open sesame", theme="light")
    conf._cached = None
    with override_settings(ECM_ENCRYPTION_KEY="another key that is long enough to be one"):
        assert (get_settings().door_key, get_settings().theme) == ("", "light")
    conf._cached = None
