"""Saved views: a filter with its sort and columns, under a name, for one person (10 §23.6).

They are kept beside the lineup, not in it: saving one is no edit, and no draft holds it.
"""

import logging
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction

from channels_app.channel_fields import clean_text
from channels_app.errors import EditRefused, NotThere
from channels_app.models import SavedView
from channels_app.numbering import natural_key
from channels_app.pane_filters import ChannelFilter, SavedValues
from ecm_site.wording import shortened

logger = logging.getLogger(__name__)

SCREEN = "channels"
NAME_LENGTH = 100
MOST_VIEWS = 200
_LONGEST = 20_000  # characters of a query string


@dataclass(frozen=True)
class View:
    """``query`` is a query string as :class:`ChannelFilter` writes it."""

    pk: int
    name: str
    query: str
    is_default: bool = False

    @property
    def wanted(self) -> ChannelFilter:
        return ChannelFilter.read(SavedValues(parse_qsl(self.query)))


def list_views(user_id: int | None) -> list[View]:
    """Somebody's views in natural order of their names. One query."""
    if user_id is None:
        return []
    rows = SavedView.objects.filter(user_id=user_id, screen=SCREEN)
    return sorted((_view(row) for row in rows), key=lambda view: (natural_key(view.name), view.pk))


def view_of(user_id: int | None, view_id: int) -> View:
    """Raises :class:`NotThere` for one that does not exist or belongs to somebody else."""
    return _view(_row(user_id, view_id))


def save_view(user_id: int, name: str, query: str, *, is_default: bool = False) -> View:
    """Keep what the pane shows under a new name. Raises :class:`EditRefused` for an empty, long or taken name."""
    cleaned = _clean_name(user_id, name)
    if SavedView.objects.filter(user_id=user_id, screen=SCREEN).count() >= MOST_VIEWS:
        raise EditRefused({"name": f"You have {MOST_VIEWS} views. Delete one that you no longer need."})
    try:
        with transaction.atomic():
            row = SavedView.objects.create(user_id=user_id, screen=SCREEN, name=cleaned, values={"query": normalised(query)})
    except IntegrityError:
        raise _taken(cleaned) from None
    logger.info("[VIEWS] Saved view id=%s user=%s", row.pk, user_id)
    if is_default:
        make_default(user_id, row.pk)
    return view_of(user_id, row.pk)


def update_view(user_id: int, view_id: int, query: str) -> View:
    """Keep what the pane shows now under the view's name. Raises :class:`NotThere`."""
    row = _row(user_id, view_id)
    row.values = {**_values(row), "query": normalised(query)}
    row.save(update_fields=["values"])
    return _view(row)


def rename_view(user_id: int, view_id: int, name: str) -> View:
    """Raises :class:`EditRefused` for an empty, long or taken name, :class:`NotThere`."""
    row = _row(user_id, view_id)
    row.name = _clean_name(user_id, name, except_id=row.pk)
    try:
        with transaction.atomic():
            row.save(update_fields=["name"])
    except IntegrityError:
        raise _taken(row.name) from None
    return _view(row)


def delete_view(user_id: int, view_id: int) -> View:
    """Delete a view and return what it was. Raises :class:`NotThere`."""
    row = _row(user_id, view_id)
    view = _view(row)
    row.delete()
    logger.info("[VIEWS] Deleted view id=%s user=%s", view_id, user_id)
    return view


def make_default(user_id: int, view_id: int | None) -> None:
    """The view that the channel manager opens with; None: it opens as it was left. Raises :class:`NotThere`."""
    with transaction.atomic():
        if view_id is not None:
            _row(user_id, view_id)
        for row in SavedView.objects.filter(user_id=user_id, screen=SCREEN):
            values = _values(row)
            if bool(values.get("default")) is not (row.pk == view_id):
                row.values = {**values, "default": row.pk == view_id}
                row.save(update_fields=["values"])


def normalised(query: str) -> str:
    """The query as the filter itself would write it: two views are the same when these are."""
    return urlencode(ChannelFilter.read(SavedValues(parse_qsl(query[:_LONGEST]))).pairs())


@dataclass(frozen=True)
class ViewChoice:
    """The views on offer, and the one that is in use; ``is_modified``: the pane shows something else than it says."""

    views: list[View]
    active: View | None = None
    is_modified: bool = False


def choice_for(views: list[View], view_id: int, wanted: ChannelFilter) -> ViewChoice:
    """Without a view that was picked, one that says exactly what is shown counts as in use."""
    shown = urlencode(wanted.pairs())
    picked = next((view for view in views if view.pk == view_id), None)
    active = picked or next((view for view in views if view.query == shown), None)
    return ViewChoice(views, active, active is not None and active.query != shown)


def _row(user_id: int | None, view_id: int) -> SavedView:
    row = SavedView.objects.filter(user_id=user_id, screen=SCREEN, pk=view_id).first() if user_id else None
    if row is None:
        raise NotThere("This view no longer exists.")
    return row


def _view(row: SavedView) -> View:
    values = _values(row)
    return View(row.pk, row.name, normalised(str(values.get("query", ""))), is_default=bool(values.get("default")))


def _values(row: SavedView) -> dict[str, object]:
    return row.values if isinstance(row.values, dict) else {}


def _clean_name(user_id: int, name: str, *, except_id: int = 0) -> str:
    try:
        cleaned = clean_text(name, longest=NAME_LENGTH)
    except ValueError as error:
        raise EditRefused({"name": str(error)}) from None
    if not cleaned:
        raise EditRefused({"name": "Give the view a name."})
    others = SavedView.objects.filter(user_id=user_id, screen=SCREEN).exclude(pk=except_id).values_list("name", flat=True)
    if any(other.casefold() == cleaned.casefold() for other in others):
        raise _taken(cleaned)
    return cleaned


def _taken(name: str) -> EditRefused:
    return EditRefused(
        {"name": f"You have a view “{shortened(name)}” already. Choose another name, or save the changes to it."}
    )
