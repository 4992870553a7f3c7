"""What an M3U playlist asks for: an address, an uploaded file, or a path on this server – exactly one (20 §1.2)."""

import os
from pathlib import Path

from django.conf import settings

from ecm_site.http import FetchError, check_address
from m3u_app.models import Account, AccountType
from m3u_app.providers.connections import Connection, ConnectionKind, Errors, register_connection
from m3u_app.store_upload import is_upload


def check_playlist(connection: Connection) -> Errors:
    """Exactly one source must be given; an uploaded file clears the address (20 §1.5)."""
    connection.username = connection.password = ""
    connection.server_url = connection.server_url.strip()
    connection.file_path = connection.file_path.strip()
    if connection.has_upload:
        connection.server_url = connection.file_path = ""
        return {}
    if connection.server_url and connection.file_path:
        return {"server_url": "Give an address or a file, not both. Clear one of them."}
    if connection.file_path:
        problem = _file_problem(connection.file_path)
        return {"file_path": problem} if problem else {}
    if not connection.server_url:
        return {"server_url": "Give the address of the playlist, or choose a file."}
    try:
        check_address(connection.server_url)
    except FetchError as error:
        return {"server_url": str(error)}
    return {}


def _file_problem(typed: str) -> str:
    path = Path(typed)
    if not path.is_absolute():
        return "Give the full path on this server, starting with /."
    inside_data = path.resolve().is_relative_to(Path(settings.CONFIG_DIR).resolve())
    if inside_data and not is_upload(typed):
        return "This path lies in the data folder of ECM. Choose a file elsewhere, or upload it."
    if not path.is_file():
        return "There is no file at this path on the server."
    if not os.access(path, os.R_OK):
        return "The file at this path may not be read by ECM. Change its permissions."
    return ""


def _guides(account: Account) -> list[str]:
    guides = account.playlist_header.get("guides", []) if isinstance(account.playlist_header, dict) else []
    return [str(address) for address in guides] if isinstance(guides, list) else []


register_connection(
    ConnectionKind(
        account_type=AccountType.STANDARD,
        label="M3U playlist",
        badge="M3U",
        order=1,
        fields=("server_url", "playlist_file", "file_path"),
        check=check_playlist,
        labels={"server_url": "Playlist address"},
        hints={"server_url": "The M3U link from your provider. Passwords in it are stored encrypted and never shown again."},
        placeholders={"server_url": "http://tv.example/get.php?username=…&type=m3u_plus"},
        guides=_guides,
    )
)
