"""Makes the guide's kinds and bulk mirrors known (``docs/architecture.md``, "Connected")."""

from epg_app.mirror import guide_entries, match_on_server, programmes  # noqa: F401 - importing registers the task
from epg_app.mirror.guide_sources import GuideSourceKind
from tasks_app.mirror.bulk_mirrors import BulkMirror, register_bulk_mirror
from tasks_app.mirror.kinds import register_kind


def register() -> None:
    """Called when the app starts."""
    register_kind(GuideSourceKind())
    register_bulk_mirror(
        BulkMirror(
            guide_entries.KIND,
            "guide channels",
            60,
            guide_entries.pull_entries,
            guide_entries.locals_of,
            guide_entries.remotes_of,
            guide_entries.owners_of,
        )
    )
    register_bulk_mirror(BulkMirror(programmes.KIND, "programmes", 90, programmes.pull_programmes))
