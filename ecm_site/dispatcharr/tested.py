"""Proof that exactly these values were tried and worked: where somebody connects for the first time, nothing else is saved."""

from django.core.signing import BadSignature, TimestampSigner
from django.utils.crypto import constant_time_compare

from ecm_site.dispatcharr.credentials import Credentials

GOOD_FOR = 15 * 60
"""Seconds."""
_signer = TimestampSigner(salt="dispatcharr.tested")


def proof_for(url: str, credentials: Credentials) -> str:
    """What the page carries after a successful test. It tells nothing about the credentials."""
    return _signer.sign(credentials.fingerprint(url))


def is_proven(proof: str, url: str, credentials: Credentials) -> bool:
    """Whether ``proof`` is about these values and not too old."""
    try:
        tried = _signer.unsign(proof, max_age=GOOD_FOR)
    except BadSignature:
        return False
    return constant_time_compare(tried, credentials.fingerprint(url))
