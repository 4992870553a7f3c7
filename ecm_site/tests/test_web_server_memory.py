"""What the web server has loaded is left out of Python's search for garbage."""

import gc
import runpy

import pytest


def test_what_is_loaded_before_forking_is_not_looked_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECM_LISTEN_FD", "3")
    settings = runpy.run_module("ecm_site.serving.gunicorn_conf")
    assert settings["preload_app"], "otherwise there is nothing loaded yet"
    try:
        settings["when_ready"](None)
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
