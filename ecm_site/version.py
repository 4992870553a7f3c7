"""Which build this is (50 §11.1, §14): the number is ours, the rest is said by whoever built it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ecm_site.environment import env_text

VERSION = "0.1.0"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Build:
    version: str
    commit: str
    release_channel: str


@cache
def build() -> Build:
    """Version, commit and release channel; the commit of a checkout is read from its own files."""
    commit = env_text("GIT_COMMIT") or _checked_out(Path(__file__).resolve().parent.parent / ".git") or UNKNOWN
    return Build(env_text("ECM_VERSION") or VERSION, commit, env_text("RELEASE_CHANNEL") or "latest")


def _checked_out(folder: Path) -> str:
    """The commit that a working copy stands on; "" when there is no working copy or it is arranged in an unusual way."""
    try:
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = folder / name
        if loose.is_file():
            return loose.read_text(encoding="ascii").strip()
        packed = (folder / "packed-refs").read_text(encoding="ascii").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
    except (OSError, ValueError):
        return ""
