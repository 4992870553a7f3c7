"""The last good copy of each account's playlist."""

import os

from m3u_app.feeds.cached_file import CachedFile


class CachedCopy(CachedFile):
    """Of the account with this id; None = one that is only tried."""

    def __init__(self, account_id: int | None) -> None:
        super().__init__(f"m3u-{account_id}" if account_id is not None else f"m3u-unsaved-{os.getpid()}", "playlist")
