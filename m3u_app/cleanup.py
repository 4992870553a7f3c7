"""What the clean-up removes for this app: files of accounts that are gone, and old changes (20 §10.4)."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from m3u_app.changes.forget import CHANGES_KEPT_DAYS, count_older, forget_older
from m3u_app.kept_uploads import UPLOADS, orphaned_uploads
from m3u_app.models import Account
from tasks_app.backup.named_files import register_file_column
from tasks_app.cleanup.steps import Cleared, Context, register_step
from tasks_app.cleanup.temporary_files import register_places

_CACHED = re.compile(r"m3u-(\d+)\.playlist")


@register_places
def _orphaned_playlists() -> Iterator[Path]:
    known = set(Account.objects.values_list("pk", flat=True))
    for path in Path(settings.SOURCE_CACHE_DIR).glob("m3u-*.playlist"):
        cached = _CACHED.fullmatch(path.name)
        if cached and int(cached[1]) not in known:
            yield path


register_file_column(UPLOADS, Account._meta.db_table, "file_path")
register_places(orphaned_uploads)


def _old_changes(context: Context) -> Cleared:
    if context.dry_run:
        return Cleared(count_older(context.cutoff))
    return Cleared(forget_older(context.cutoff, between=context.progress.raise_if_cancelled))


register_step("provider_changes", "Recorded changes of providers", _old_changes, CHANGES_KEPT_DAYS, order=45)
