"""Writes the lineup, or a part of it, as CSV, and the template for a new one (10 §20.3)."""

import csv
import io
from collections.abc import Collection
from datetime import date

from django.db.models import F

from channels_app.lineup_csv.cells import COLUMNS, guard, join_addresses
from channels_app.models import Channel, ChannelStream
from channels_app.numbering import format_number

BYTE_ORDER_MARK = "\ufeff"


def export_csv(
    channel_ids: Collection[int] | None = None,
    *,
    auto_created: bool = False,
    with_streams: bool = True,
    for_spreadsheets: bool = False,
) -> str:
    """Channels by number, those without one last; ``channel_ids`` None = all.

    ``auto_created``: also those that auto-sync made. ``with_streams`` writes the addresses of streams, which hold the logins
    of providers. ``for_spreadsheets`` begins with the mark by which Excel knows UTF-8. Two queries.
    """
    channels = Channel.objects.all() if auto_created else Channel.objects.filter(auto_created=False)
    wanted = None if channel_ids is None else set(channel_ids)
    addresses = _addresses(wanted) if with_streams else {}
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    columns = ("pk", "number", "name", "group__name", "tvg_id", "gracenote_id", "logo_url")
    ordered = channels.order_by(F("number").asc(nulls_last=True), "name", "pk").values_list(*columns)
    for pk, number, *texts in ordered.iterator(chunk_size=5000):
        if wanted is None or pk in wanted:
            cells = [format_number(number), *texts, join_addresses(addresses.get(pk, ()))]
            writer.writerow([guard(text or "") for text in cells])
    return (BYTE_ORDER_MARK if for_spreadsheets else "") + file.getvalue()


def export_name(today: date) -> str:
    """``channels-export-2026-05-04.csv``."""
    return f"channels-export-{today:%Y-%m-%d}.csv"


TEMPLATE = "\r\n".join(
    (
        "# Channels, one a row. Lines that begin with # and a space are comments and are not imported.",
        "# Only the column name is required; leave out columns that you do not need.",
        "# channel_number: empty or above 0, decimals allowed (4.1).",
        "# group_name: made when there is none of this name.",
        "# logo_url: an http or https address.",
        "# stream_urls: addresses of known streams, joined by ; in the order in which they are tried.",
        "# Examples:",
        "# 101,ESPN,Sports,ESPN.us,32645,https://example.com/espn.png,http://example.com/1.ts;http://example.com/2.ts",
        '# 4.1,"News, Weather & More",News,,,,',
        ",".join(COLUMNS),
        "",
    )
)


def _addresses(wanted: set[int] | None) -> dict[int, list[str]]:
    """Stream addresses in order, by channel; one query."""
    found: dict[int, list[str]] = {}
    links = ChannelStream.objects.order_by("channel_id", "position", "pk").values_list("channel_id", "stream__url")
    for channel_id, url in links.iterator(chunk_size=5000):
        if wanted is None or channel_id in wanted:
            found.setdefault(channel_id, []).append(url)
    return found
