"""Who we are to a Dispatcharr server."""

import hashlib
from dataclasses import dataclass, field

from django.utils.crypto import salted_hmac

from ecm_site.conf import EcmSettings

PASSWORD = "password"  # noqa: S105 - the name of a way to sign in
API_KEY = "api_key"


@dataclass(frozen=True)
class Credentials:
    """Either a user with a password or an API key; never both are sent, since a bad token makes a good key fail."""

    auth: str = PASSWORD
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)

    @classmethod
    def from_settings(cls, record: EcmSettings) -> "Credentials":
        return cls(
            auth=record.dispatcharr_auth,
            user=record.dispatcharr_user,
            password=record.dispatcharr_password,
            api_key=record.dispatcharr_api_key,
        )

    @property
    def missing(self) -> str:
        """What has still to be entered, in words; "" when all is there."""
        if self.auth == API_KEY:
            return "" if self.api_key else "No API key is entered."
        if not self.user:
            return "No user is entered."
        return "" if self.password else "No password is entered."

    def fingerprint(self, root: str) -> str:
        """Recognises the same credentials at the same server, and tells nothing about them."""
        text = "\0".join((root, self.auth, self.user, self.password, self.api_key))
        return salted_hmac("dispatcharr.credentials", text, algorithm="sha256").hexdigest()


def server_key(server: str) -> str:
    """A short name for ``server`` (host and port) that is safe in a file name."""
    return hashlib.sha256(server.casefold().encode()).hexdigest()[:16]
