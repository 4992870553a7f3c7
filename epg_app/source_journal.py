"""Journal entries about guide sources (30 §2.4): what changed, with every credential masked."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from ecm_site.masking import MASK, mask_text
from epg_app.import_report import ImportReport
from epg_app.models import GuideSource
from epg_app.source_values import FIELDS
from m3u_app.store_upload import display_name
from tasks_app.journal import build_entry, entry_about, log_entries
from tasks_app.models import JournalEntry

CATEGORY: Final = "epg"
ENTITY: Final = "guide_source"
ORDER_ENTITY: Final = "guide_source_order"
_entry = partial(entry_about, CATEGORY, ENTITY)

CONNECTION_FIELDS: Final = ("url", "file_path", "username", "password")
"""What leads to the guide; the journal shows it masked and cannot restore all of it."""


def shown_value(field: str, value: Any) -> Any:
    """``value`` as the journal may hold it: logins hidden, uploads by the name they came with."""
    if field in ("username", "password"):
        return MASK if value else ""
    if field == "url":
        return mask_text(value)
    return display_name(value) if field == "file_path" else value


def shown_values(source: GuideSource, fields: Iterable[str] = FIELDS) -> dict[str, Any]:
    """All journalled values of a source, masked."""
    return {field: shown_value(field, getattr(source, field)) for field in fields}


def creation_entry(source: GuideSource) -> JournalEntry:
    after = {field: value for field, value in shown_values(source).items() if value not in ("", None)}
    return _entry(source, "create", f"Added guide “{source.name}”", after=after)


def change_entries(source: GuideSource, changed: dict[str, tuple[Any, Any]], *, batch_id: str) -> list[JournalEntry]:
    """One entry for what can be taken back and one for what cannot, because the journal does not know the secret.

    ``changed`` is field → (before, after), unmasked.
    """
    secret = {field: values for field, values in changed.items() if field in CONNECTION_FIELDS}
    if all(shown_value(field, value) == value for field, values in secret.items() for value in values):
        secret = {}
    plain = {field: values for field, values in changed.items() if field not in secret}
    return [
        _entry(
            source,
            "update",
            f"Changed {', '.join(map(_words, values))} of guide “{source.name}”",
            before={field: shown_value(field, before) for field, (before, _) in values.items()},
            after={field: shown_value(field, after) for field, (_, after) in values.items()},
            batch_id=batch_id,
            undoable=values is plain and "file_path" not in plain,
        )
        for values in (plain, secret)
        if values
    ]


def deletion_entry(
    source: GuideSource, before: dict[str, Any], *, entries: int, programmes: int, channels: int
) -> JournalEntry:
    lost = f"; {channels:,} channels lost their guide" if channels else ""
    return _entry(
        source,
        "delete",
        f"Deleted guide “{source.name}” with {entries:,} guide channels and {programmes:,} programmes{lost}",
        before=before,
        after={"deleted": {"entries": entries, "programmes": programmes}, "channels_without_guide": channels},
    )


def order_entry(before: dict[str, int], after: dict[str, int]) -> JournalEntry:
    """Both: source id (as text) → priority, only of sources whose priority changed."""
    return build_entry(
        CATEGORY,
        "reorder",
        entity_type=ORDER_ENTITY,
        entity_name="Guide sources",
        description=f"Changed the order of the guide sources ({len(after)} moved)",
        before=before,
        after=after,
        undoable=True,
    )


def log_refresh(source: GuideSource, *, report: ImportReport | None = None, error: str = "") -> None:
    """Note how a refresh ended: its counts, or why it failed."""
    if report is None:
        log_entries([_entry(source, "refresh", f"Refresh of guide “{source.name}” failed: {mask_text(error)}")])
        return
    counts = {
        "entries": report.entries,
        "programmes": report.programmes,
        "written": report.programmes_written,
        "skipped": report.skipped,
        "seconds": report.seconds,
    }
    log_entries([_entry(source, "refresh", f"Refreshed guide “{source.name}”: {report.sentence()}", after=counts)])


def _words(field: str) -> str:
    return field.replace("_", " ")
