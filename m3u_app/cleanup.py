"""What the clean-up removes for this app: cached playlists of accounts that are gone."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from m3u_app.models import Account
from tasks_app.cleanup.temporary_files import register_places

_CACHED = re.compile(r"m3u-(\d+)\.playlist")


@register_places
def _orphaned_playlists() -> Iterator[Path]:
    known = set(Account.objects.values_list("pk", flat=True))
    for path in Path(settings.SOURCE_CACHE_DIR).glob("m3u-*.playlist"):
        cached = _CACHED.fullmatch(path.name)
        if cached and int(cached[1]) not in known:
            yield path
