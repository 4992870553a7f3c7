"""What the clean-up removes for this app: cached guides and locks of sources that are gone."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from epg_app.models import GuideSource
from m3u_app.kept_uploads import UPLOADS
from tasks_app.backup.named_files import register_file_column
from tasks_app.cleanup.temporary_files import register_places

_CACHED = re.compile(r"guide-(\d+)\.(xmltv|lock)")


@register_places
def _orphaned_guides() -> Iterator[Path]:
    known = set(GuideSource.objects.values_list("pk", flat=True))
    for path in Path(settings.SOURCE_CACHE_DIR).glob("guide-*"):
        cached = _CACHED.fullmatch(path.name)
        if cached and int(cached[1]) not in known:
            yield path


register_file_column(UPLOADS, GuideSource._meta.db_table, "file_path")  # uploaded guides lie beside uploaded playlists
