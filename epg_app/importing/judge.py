"""Decides whether a guide may replace the one there is (30 §3.1 errors; DESIGN §7: bad data never wipes good data)."""

from epg_app.importing.errors import GuideError
from epg_app.importing.findings import Findings
from epg_app.importing.guide_reader import Feed

DAMAGED_SHARE = 0.8  # a damaged guide must have at least this share of the programmes of the last one
WHOLE_SHARE = 0.5  # an undamaged one with less than this share waits for a yes
GUARDED_FROM = 1000  # programmes; below that, half as many is nothing unusual


class HeldBack(GuideError):
    """The guide is whole but suspiciously small; an operator may accept it. Counts are programmes."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(
            f"The new guide has only {after:,} programmes, the last one had {before:,}. The old guide was kept."
            " If the smaller one is right, accept it."
        )
        self.before = before
        self.after = after


def judge(feed: Feed, findings: Findings, *, before: int, accept_smaller: bool) -> list[str]:
    """Return warnings for the operator; raise :class:`GuideError` when the old guide must stay.

    ``before`` = programmes in the file of the last good import, 0 = there was none.
    """
    warnings: list[str] = []
    line = findings.damaged_line
    if before and not feed.programmes:
        raise GuideError("The new file contains no programmes at all. The old guide was kept.")
    if line is not None:
        place = f"at line {line:,}" if line else "on the way"
        if feed.programmes < before * DAMAGED_SHARE:
            raise GuideError(
                f"The file is damaged {place}; only {feed.programmes:,} programmes could be read, {before:,} were there"
                " before. The old guide was kept.",
                transient=True,
            )
        warnings.append(f"The file is damaged {place}; {feed.programmes:,} programmes could be read.")
    elif before >= GUARDED_FROM and feed.programmes < before * WHOLE_SHARE:
        if not accept_smaller:
            raise HeldBack(before, feed.programmes)
        warnings.append(f"The guide shrank from {before:,} to {feed.programmes:,} programmes, as accepted.")
    if not feed.programmes:
        warnings.append("The file lists channels but no programmes.")
    return warnings
