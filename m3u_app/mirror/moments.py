"""Times as text that is equal for equal times: what the server writes, and what stands here, in one form."""

from datetime import UTC, datetime

from m3u_app.providers.loose_values import moment_of


def written(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat()


def rewritten(text: object) -> str | None:
    """The server's text in the form of :func:`written`; None for nothing or nonsense."""
    return written(moment_of(text))
