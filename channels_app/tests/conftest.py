"""Fixtures that several modules of this folder use. None is called like one of the browser tests (``page``, ``site``)."""

from channels_app.tests.draft_fixtures import before_draft, draft, user, visitor
from channels_app.tests.preview_fixtures import account, made_streams, provider

__all__ = ["account", "before_draft", "draft", "made_streams", "provider", "user", "visitor"]
