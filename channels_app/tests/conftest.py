"""Fixtures that several modules of this folder use."""

from channels_app.tests.preview_fixtures import account, made_streams, provider

__all__ = ["account", "made_streams", "provider"]
