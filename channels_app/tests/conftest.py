"""Fixtures that several modules of this folder use."""

from channels_app.tests.draft_fixtures import before_draft, draft, page, user
from channels_app.tests.preview_fixtures import account, made_streams, provider

__all__ = ["account", "before_draft", "draft", "made_streams", "page", "provider", "user"]
