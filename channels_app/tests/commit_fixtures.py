"""Drafts of one person, edited and applied the short way."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model

from channels_app.drafts.commit_draft import Applied, commit_draft
from channels_app.drafts.entity_changes import EntityChange, entity_changes
from channels_app.drafts.lives import open_draft
from channels_app.drafts.steps import record
from channels_app.models import Draft, DraftState


def make_user(name: str = "ann") -> Any:
    return get_user_model().objects.create_user(name, password="a long secret 1")


def new_draft(name: str = "ann") -> Draft:
    return open_draft(get_user_model().objects.filter(username=name).first() or make_user(name))


def stage(draft: Draft, *acts: Callable[[], object]) -> None:
    """Each act is one step."""
    for act in acts:
        with record(draft):
            act()


def begin_commit(draft: Draft) -> Draft:
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.COMMITTING)
    draft.refresh_from_db()
    return draft


def applied(draft: Draft, **options: Any) -> Applied:
    return commit_draft(begin_commit(draft), **options)


def net(draft: Draft) -> dict[tuple[str, int], EntityChange]:
    return {change.key: change for change in entity_changes(draft)}
