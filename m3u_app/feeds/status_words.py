"""How the stored status of a feed is shown (20 §1.1, 30 §2.1): label, icon, tone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StatusWords:
    """``tone`` is a colour word of the style sheet."""

    label: str
    icon: str
    tone: str


_WORDS = {
    "idle": StatusWords("Idle", icon="clock", tone="secondary"),
    "fetching": StatusWords("Downloading…", icon="cloud-download", tone="primary"),
    "parsing": StatusWords("Processing…", icon="hourglass", tone="primary"),
    "success": StatusWords("Ready", icon="circle-check", tone="success"),
    "error": StatusWords("Error", icon="circle-x", tone="danger"),
    "pending_setup": StatusWords("Pending Setup", icon="alert-triangle", tone="warning"),
    "disabled": StatusWords("Disabled", icon="circle-off", tone="secondary"),
}
WAITING = StatusWords("Waiting…", icon="clock", tone="primary")
WITH_WARNINGS = StatusWords("Ready, with warnings", icon="alert-triangle", tone="warning")
HELD_BACK = StatusWords("Needs your answer", icon="alert-triangle", tone="warning")
DELETING = StatusWords("Deleting…", icon="trash", tone="warning")
HALF_DELETED = StatusWords("Deletion stopped", icon="alert-triangle", tone="danger")


def words_for(status: str) -> StatusWords:
    """Also for a status of a later version, after going back to an earlier one."""
    return _WORDS.get(status) or StatusWords(status or "Unknown", icon="help-circle", tone="secondary")
