"""Keys in published addresses (30 §16.4): shown once, kept as hashes, revocable."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from channels_app.models import OutputToken
from tasks_app import journal

LENGTH_BYTES = 24
USE_RECORDED_EVERY = timedelta(minutes=5)  # players come every few minutes; not each visit is worth a write
LABEL_LENGTH = 100


class UnknownToken(LookupError):
    """The token was revoked, or never existed."""


def create_token(label: str) -> tuple[OutputToken, str]:
    """Make a token. The text is returned this once and cannot be had again. Raises ``ValueError`` for an empty label."""
    label = " ".join(label.split())[:LABEL_LENGTH]
    if not label:
        raise ValueError("Give the token a name, so that you know later who uses it.")
    token, text = create_hidden_token(label)
    journal.log_entry(
        "output",
        "token_create",
        entity_type="output_token",
        entity_id=token.pk,
        entity_name=label,
        description=f"Made the output token “{label}”",
        after={"label": label},
    )
    return token, text


def create_hidden_token(label: str) -> tuple[OutputToken, str]:
    """Make a token without telling the journal, for a machine's own short use. Its maker deletes it."""
    text = secrets.token_urlsafe(LENGTH_BYTES)
    return OutputToken.objects.create(label=label, token_hash=_hash(text)), text


def revoke_token(token_id: int) -> str:
    """Delete a token; whoever uses it is refused from now on. Returns its label. Raises :class:`UnknownToken`."""
    token = OutputToken.objects.filter(pk=token_id).first()
    if token is None:
        raise UnknownToken("This token was revoked already.")
    token.delete()
    journal.log_entry(
        "output",
        "token_revoke",
        entity_type="output_token",
        entity_id=token_id,
        entity_name=token.label,
        description=f"Revoked the output token “{token.label}”",
        before={"label": token.label},
    )
    return token.label


def is_valid(text: str) -> bool:
    """Whether ``text`` is a token; notes its use every few minutes."""
    if not text or len(text) > 200:
        return False
    token = OutputToken.objects.filter(token_hash=_hash(text)).first()
    if token is None:
        return False
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_RECORDED_EVERY:
        OutputToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
