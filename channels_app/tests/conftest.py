"""Fixtures that several modules of this folder use. None is called like one of the browser tests (``page``, ``site``)."""

from channels_app.tests.draft_fixtures import before_draft, draft, user, visitor
from channels_app.tests.people import alice, program, signed_in
from channels_app.tests.preview_fixtures import account, made_streams, provider

__all__ = ["account", "alice", "before_draft", "draft", "made_streams", "program", "provider", "signed_in", "user", "visitor"]
