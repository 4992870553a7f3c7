"""Addresses of pictures: those on the network, and those of uploaded files that we serve ourselves."""

import re

_UPLOADED = re.compile(r"/logos/([0-9a-f]{40}\.(?:png|jpg|gif|webp|svg))", re.ASCII)
STORED_NAME = r"[0-9a-f]{40}\.(?:png|jpg|gif|webp|svg)"


def uploaded_address(stored_name: str) -> str:
    """The address of an uploaded picture on this server; published with the server's own address before it."""
    return f"/logos/{stored_name}"


def stored_name_of(address: str) -> str:
    """The file of an uploaded picture, "" for pictures on the network."""
    found = _UPLOADED.fullmatch(address)
    return found[1] if found else ""
