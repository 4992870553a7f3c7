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
    AccountStatus.IDLE: StatusWords("Idle", icon="clock", tone="secondary"),
    AccountStatus.FETCHING: StatusWords("Downloading…", icon="cloud-download", tone="primary", is_spinning=True),
    AccountStatus.PARSING: StatusWords("Processing…", icon="hourglass", tone="primary", is_spinning=True),
    AccountStatus.SUCCESS: StatusWords("Ready", icon="circle-check", tone="success"),
    AccountStatus.ERROR: StatusWords("Error", icon="circle-x", tone="danger"),
    AccountStatus.PENDING_SETUP: StatusWords("Pending Setup", icon="alert-triangle", tone="warning"),
    AccountStatus.DISABLED: StatusWords("Disabled", icon="circle-off", tone="secondary"),
}
WAITING = StatusWords("Waiting…", icon="clock", tone="primary")
DELETING = StatusWords("Deleting…", icon="trash", tone="warning", is_spinning=True)
HALF_DELETED = StatusWords("Deletion stopped", icon="alert-triangle", tone="danger")
HELD_BACK = StatusWords("Needs your answer", icon="alert-triangle", tone="warning")


def words_for(status: str) -> StatusWords:
    try:
        return _WORDS[AccountStatus(status)]
    except ValueError:  # a status of a later version after going back to an earlier one
        return StatusWords(status or "Unknown", icon="help-circle", tone="secondary")
