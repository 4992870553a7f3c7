"""What the answers of the readiness checks mean, and what to do about them (50 §11.1)."""

from dataclasses import dataclass

from ecm_site.health import NEVER_DUE, SILENT, TROUBLE, UNKNOWN, Readiness
from ecm_site.server_pulse import OK, SKIPPED


@dataclass(frozen=True)
class StateLine:
    title: str
    is_well: bool
    sentence: str


_TITLES = {
    "database": "Database",
    "dispatcharr": "Dispatcharr",
    "ffprobe": "ffprobe",
    "worker": "Background worker",
    "scheduler": "Schedules",
}
_SENTENCES = {
    ("database", OK): "It answers.",
    ("dispatcharr", OK): "It answered when it was last needed.",
    ("dispatcharr", SKIPPED): "Not connected; ECM works on its own.",
    ("dispatcharr", TROUBLE): "Syncing does not go as it should. The page Server says why and what to do.",
    ("ffprobe", OK): "It is installed.",
    ("worker", OK): "It works.",
    (
        "worker",
        SILENT,
    ): "Nothing was heard from it for three minutes. Start ECM with “./ecm run”; its output says why the worker ended.",
    ("scheduler", OK): "Every schedule that is on has a next run.",
    ("scheduler", NEVER_DUE): "A schedule that is on will never run. Open Scheduled Tasks and save it again.",
}
_OTHERWISE = {
    "database": "It does not answer ({answer}). The log says more.",
    "ffprobe": "It is not installed, so streams cannot be examined. Install the package ffmpeg.",
}


def state_lines(state: Readiness) -> list[StateLine]:
    """One line a part, in the order of the checks."""
    return [
        StateLine(_TITLES.get(part, part), answer in (OK, SKIPPED), _sentence(part, answer))
        for part, answer in state.checks.items()
    ]


def _sentence(part: str, answer: str) -> str:
    if answer == UNKNOWN:
        return "Unknown while the database does not answer."
    return _SENTENCES.get((part, answer)) or _OTHERWISE.get(part, "It reports {answer}. The log says more.").format(
        answer=answer
    )
