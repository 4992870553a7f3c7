"""Keeps uploaded guides in the data folder, like uploaded playlists: streamed, safely named, never too large (30 §2.2)."""

from collections.abc import Iterable

from m3u_app.store_upload import PendingUpload, receive_upload

ACCEPTED_SUFFIXES = (".xml", ".xmltv", ".gz", ".xz", ".zip")


def receive_guide(name: str, chunks: Iterable[bytes]) -> PendingUpload:
    """Write an uploaded guide to the pending folder. Raises ``UploadRefused`` with a sentence."""
    return receive_upload(name, chunks, suffixes=ACCEPTED_SUFFIXES, what="guide")
