"""How a stored status is shown (20 §1.1): label, icon, tone."""

from dataclasses import dataclass

from m3u_app.models import AccountStatus


@dataclass(frozen=True)
class StatusWords:
    """``tone`` is a colour word of the style sheet; ``is_spinning`` marks work in progress."""

    label: str
    icon: str
    tone: str
    is_spinning: bool = False


_WORDS = {
    AccountStatus.IDLE: StatusWords("Idle", "clock", "secondary"),
    AccountStatus.FETCHING: StatusWords("Downloading…", "cloud-download", "primary", is_spinning=True),
    AccountStatus.PARSING: StatusWords("Processing…", "hourglass", "primary", is_spinning=True),
    AccountStatus.SUCCESS: StatusWords("Ready", "circle-check", "success"),
    AccountStatus.ERROR: StatusWords("Error", "circle-x", "danger"),
    AccountStatus.PENDING_SETUP: StatusWords("Pending Setup", "alert-triangle", "warning"),
    AccountStatus.DISABLED: StatusWords("Disabled", "circle-off", "secondary"),
}
WAITING = StatusWords("Waiting…", "clock", "primary")
DELETING = StatusWords("Deleting…", "trash", "warning", is_spinning=True)
HELD_BACK = StatusWords("Needs your answer", "alert-triangle", "warning")


def words_for(status: str) -> StatusWords:
    try:
        return _WORDS[AccountStatus(status)]
    except ValueError:  # a status of a later version after going back to an earlier one
        return StatusWords(status or "Unknown", "help-circle", "secondary")
