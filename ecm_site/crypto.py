"""Encrypts secrets at rest: provider passwords, tokens, addresses that carry logins (DESIGN §3)."""

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models

PREFIX = "enc:"


class SecretUnreadable(Exception):
    """A stored secret was written with another key; it has to be typed in again."""


@lru_cache(maxsize=4)
def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


def encrypt(text: str) -> str:
    """Encrypt ``text``; the empty string stays empty so that "not set" can be seen."""
    if not text:
        return ""
    return PREFIX + _fernet(settings.ECM_ENCRYPTION_KEY).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Reverse :func:`encrypt`. Raises :class:`SecretUnreadable` when the key file was exchanged."""
    if not stored.startswith(PREFIX):
        return stored
    try:
        return _fernet(settings.ECM_ENCRYPTION_KEY).decrypt(stored[len(PREFIX) :].encode()).decode()
    except InvalidToken:
        raise SecretUnreadable("A stored secret cannot be read with this key file. Enter it again.") from None


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField  # takes no type arguments while running


class EncryptedTextField(_TextField):
    """Text that is encrypted in the database file and plain in Python."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return None if value is None else decrypt(value)

    def get_prep_value(self, value: str | None) -> str | None:
        prepared = super().get_prep_value(value)
        return None if prepared is None else encrypt(prepared)
