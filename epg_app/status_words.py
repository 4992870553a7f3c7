"""How a stored status is shown (30 §2.1): label, icon, tone."""

from dataclasses import dataclass

from epg_app.models import SourceStatus


@dataclass(frozen=True)
class StatusWords:
    """``tone`` is a colour word of the style sheet."""

    label: str
    icon: str
    tone: str


_WORDS = {
    SourceStatus.IDLE: StatusWords("Idle", icon="clock", tone="secondary"),
    SourceStatus.FETCHING: StatusWords("Downloading…", icon="cloud-download", tone="primary"),
    SourceStatus.PARSING: StatusWords("Processing…", icon="hourglass", tone="primary"),
    SourceStatus.SUCCESS: StatusWords("Ready", icon="circle-check", tone="success"),
    SourceStatus.ERROR: StatusWords("Error", icon="circle-x", tone="danger"),
    SourceStatus.DISABLED: StatusWords("Disabled", icon="circle-off", tone="secondary"),
}
WAITING = StatusWords("Waiting…", icon="clock", tone="primary")
WITH_WARNINGS = StatusWords("Ready, with warnings", icon="alert-triangle", tone="warning")
HELD_BACK = StatusWords("Needs your answer", icon="alert-triangle", tone="warning")
DELETING = StatusWords("Deleting…", icon="trash", tone="warning")
HALF_DELETED = StatusWords("Deletion stopped", icon="alert-triangle", tone="danger")


def words_for(status: str) -> StatusWords:
    try:
        return _WORDS[SourceStatus(status)]
    except ValueError:  # a status of a later version after going back to an earlier one
        return StatusWords(status or "Unknown", icon="help-circle", tone="secondary")
