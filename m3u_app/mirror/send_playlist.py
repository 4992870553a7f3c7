"""Gives the server the playlist file of a new account."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecm_site.archives import ArchiveError, open_content
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Account as Row
from m3u_app.importing.sniff import looks_like_playlist
from m3u_app.providers.playlist import PLAYLIST_ENDINGS
from m3u_app.store_upload import is_upload

LARGEST = 64 * 1_048_576
"""Bytes, unpacked. A file is held in memory while it is sent."""


class PlaylistUnusable(Exception):
    """The file cannot be sent. Text: a sentence that says what to do."""


def create_with_file(client: Dispatcharr, body: Mapping[str, Any], path: str, name: str) -> Row:
    """Create an account of the file at ``path``, unpacked, under ``name``. Raises :class:`PlaylistUnusable`."""
    return client.accounts.create_from_file(_as_form(body), name, _content(path))


def _content(path: str) -> bytes:
    if not is_upload(path):
        raise PlaylistUnusable(
            "Its playlist is a path on this machine, which the server cannot read. Edit the account: upload the file, or give"
            " an address."
        )
    try:
        with open_content(Path(path), wanted=PLAYLIST_ENDINGS, sniff=looks_like_playlist, max_bytes=LARGEST) as content:
            return content.read()
    except ArchiveError as error:
        raise PlaylistUnusable(f"{error} Upload another file, or give an address.") from error
    except FileNotFoundError as error:
        raise PlaylistUnusable("The uploaded file is no longer there. Edit the account and upload it again.") from error


def _as_form(body: Mapping[str, Any]) -> dict[str, str]:
    """Values as a form writes them. What is nothing is left out; a box that is left out counts as off there."""
    form = {}
    for key, value in body.items():
        if isinstance(value, bool):
            form[key] = "true" if value else "false"
        elif value not in (None, ""):
            form[key] = str(value)
    return form
