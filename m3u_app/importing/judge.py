"""Decides whether what was read may replace what is stored (20 §2.4, §23 shrink guard). Nothing has been written yet.

Two things look like a fault of the provider: far fewer streams than before, and as many but other ones. Both wait for the
operator, who is shown what would go and what would come.
"""

from hashlib import blake2b
from typing import Any

from ecm_site.wording import counted
from m3u_app.entries import EntrySource, ProviderError
from m3u_app.importing.hold_streams import hold_streams
from m3u_app.importing.scan_source import Scan
from m3u_app.importing.shrink_details import shrink_details
from m3u_app.models import Account

SHRUNKEN, REPLACED = "shrunken", "replaced"
LEAST_KNOWN_PERCENT = 20
"""Fewer of the earlier streams than this, and it is another playlist, however long it is."""
LEAST_TO_TELL = 20  # streams; a handful may all be exchanged in a day
TOLERANCE = 0.9  # an accepted refresh may find this share of what was shown, not less


class HeldBack(Exception):
    """The source is so different that nothing was changed; somebody has to say yes. Text: a sentence for the operator."""

    def __init__(self, before: int, after: int, details: dict[str, Any]) -> None:
        reason = details.get("reason", SHRUNKEN)
        found = (
            f"Of the {counted(before, 'stream')} so far the provider sends only {details.get('kept', 0):,},"
            f" and {details.get('arrives', 0):,} that it did not have."
            if reason == REPLACED
            else f"The provider now has {counted(after, 'stream')} instead of {before:,}."
        )
        super().__init__(
            f"{found} Nothing was changed."
            " If that is right, accept it on the account’s page, or run import_m3u with --accept-shrunken."
        )
        self.before = before
        self.after = after
        self.details = details
        """What :func:`~m3u_app.importing.shrink_details.shrink_details` says, with ``reason``, ``kept`` and ``arrives``."""


def judge(scan: Scan, account: Account, source: EntrySource, *, accept_shrunken: bool, may_be_empty: bool = False) -> None:
    """Refuse a source that would leave nothing, or much less or something else than before.

    ``may_be_empty``: a source without a single entry can be right, if nothing is lost by it.

    Raises ``ProviderError`` and :class:`HeldBack`; for the latter the streams in question are noted for the operator.
    """
    if not scan.present and not scan.disabled and not scan.filtered and not may_be_empty:
        drops = source.report.dropped
        why = f" None of the {counted(source.report.seen, 'line')} that should name one is usable." if drops else ""
        raise ProviderError(f"No streams found.{why} Everything stays as it was.")
    reason = _suspicion(scan, account)
    if not reason or (accept_shrunken and not _worse_than_shown(scan, account)):
        return
    kept = scan.touched + scan.unchanged
    details = shrink_details(scan.known, scan.groups)
    details |= {"reason": reason, "kept": kept, "arrives": scan.created}
    details |= hold_streams(scan, account.pk)
    raise HeldBack(scan.present_before, scan.present, details)


def _suspicion(scan: Scan, account: Account) -> str:
    percent = account.shrink_guard_percent
    if not percent:
        return ""
    if scan.present * 100 < scan.present_before * percent:
        return SHRUNKEN
    kept = scan.touched + scan.unchanged
    if scan.present_before < LEAST_TO_TELL or not _same_source(account):
        return ""
    return REPLACED if kept * 100 < scan.present_before * min(percent, LEAST_KNOWN_PERCENT) else ""


def _worse_than_shown(scan: Scan, account: Account) -> bool:
    """An answer from the page is about what the page showed. Accepted otherwise (command line), anything goes."""
    held = account.held_back if isinstance(account.held_back, dict) else {}
    if not held.get("accepted"):
        return False
    shown, kept = held.get("after"), held.get("kept")
    if not isinstance(shown, int) or scan.present < shown * TOLERANCE:
        return isinstance(shown, int)
    return isinstance(kept, int) and scan.touched + scan.unchanged < kept * TOLERANCE


def _same_source(account: Account) -> bool:
    """Whether the account reads from where the last good refresh did: who points it elsewhere expects other streams."""
    report = account.last_report if isinstance(account.last_report, dict) else {}
    return bool(report.get("source", source_mark(account)) == source_mark(account))


def source_mark(account: Account) -> str:
    """A short mark of where the account reads from; tells nothing of the address, which is a secret."""
    text = "\0".join((account.account_type, account.server_url, account.file_path, account.username))
    return blake2b(text.encode(), digest_size=8).hexdigest()
