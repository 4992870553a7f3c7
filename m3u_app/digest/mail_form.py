"""The digest as an e-mail: text and HTML, both of a bounded size (20 §11)."""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import timezone

from m3u_app.digest import words
from m3u_app.digest.collect import Digest

ROWS, NAMES, MOST_ROWS, MOST_ACCOUNTS = 20, 3, 200, 100


@dataclass(frozen=True)
class DigestMail:
    subject: str
    text: str
    html: str


def written_mail(digest: Digest, *, detailed: bool) -> DigestMail:
    """Both forms. Django's template escapes every name; nothing in the HTML is loaded from anywhere."""
    found = words.parts(digest, detailed=detailed, rows=ROWS, names=NAMES, most_rows=MOST_ROWS)
    context = {
        "digest": digest,
        "title": words.title(digest),
        "mark": words.SAMPLE_MARK if digest.is_sample else "",
        "since": words.moment(digest.since),
        "counts": words.counts(digest),
        "parts": found[:MOST_ACCOUNTS],
        "more_accounts": max(0, len(found) - MOST_ACCOUNTS),
        "link": words.changes_link(digest),
        "written": words.moment(timezone.now()),
    }
    subject = f"[ECM] M3U Digest: {words.title(digest)}" + (" (sample)" if digest.is_sample else "")
    return DigestMail(subject, _rendered("txt", context), _rendered("html", context))


def _rendered(form: str, context: dict[str, object]) -> str:
    # strip() makes it a plain str: it is markup for a mail program, not for the page that shows a preview of it.
    return render_to_string(f"m3u_app/digest_mail.{form}", context).strip() + "\n"
