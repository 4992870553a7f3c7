"""Rows and group headers of both panes of the channel manager, put together without the template engine.

A page shows hundreds of them, and a search is answered after every few letters: as templates they took five times as long,
which was the largest part of an answer. Only these few lines are made here; everything around them is ordinary templates.
Every value goes through ``format_html``, which escapes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import template
from django.template import Engine
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from channels_app.channel_queries import ChannelRow
from channels_app.channel_tree import GroupNode
from channels_app.drafts.marks import CHANGED, CONFLICT, GONE, NEW
from channels_app.finding.now_airing import NowAiring
from channels_app.logos.thumbnails import shown_address
from channels_app.models import Channel
from channels_app.naming.normalizing import NormalizeRules
from channels_app.normalize_rules import current_rules
from channels_app.normalizing.proposals import hinted_name
from channels_app.numbering import format_number
from channels_app.pane_filters import ChannelFilter
from channels_app.stream_queries import StreamRow
from ecm_site.masking import mask_text
from ecm_site.wording import counted

register = template.Library()

_NOTHING = SafeString("")
_OOB = SafeString(' hx-swap-oob="true"')
_NO_LOGO = SafeString('<span class="cm-logo"></span>')


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return mark_safe("".join(parts))


def _if(condition: object, text: str) -> SafeString:
    """A piece of markup of ours, or nothing."""
    return SafeString(text) if condition else _NOTHING


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else Truncator(text).chars(length)


def _logo(address: str) -> SafeString:
    if not address:
        return _NO_LOGO
    return format_html('<img class="cm-logo" src="{}" alt="" loading="lazy" decoding="async">', shown_address(address))


# --- left pane --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    """What all rows of an answer have in common."""

    url: str
    wanted: ChannelFilter
    rules: NormalizeRules
    oob: bool
    normalize_url: str
    page: str
    """Behind a row's address: empty for its form, else what people open who may only look."""


_CHANNEL = (
    '<li class="cm-channel{hidden}{opened}" id="c{pk}" data-id="{pk}"{mark_name}{oob}><div class="cm-row">'
    '<input type="checkbox" class="form-check-input cm-pick" aria-labelledby="n{pk}">'
    '<button type="button" class="cm-grip" aria-label="Move"></button>'
    '<a class="cm-twist" href="{url}{pk}/{page}" aria-expanded="{expanded}" aria-label="Streams"></a>{logo}'
    '<span class="cm-number{shared}">{number}</span><a class="cm-name" id="n{pk}" href="{url}{pk}/{page}">{name}</a>'
    "{hint}{mark}{hidden_tag}{extras}{now}{guide}"
    '<span class="cm-streams-count is-{kind}" title="{streams}">{count}</span>'
    '<a class="cm-dots" href="{url}{pk}/{page}" role="button" aria-haspopup="menu" aria-label="Menu"></a></div>{links}</li>\n'
)


@register.simple_tag(takes_context=True)
def channel_rows(context: template.Context, rows: Sequence[ChannelRow]) -> SafeString:
    """The rows of channels; with ``oob`` in the context each finds its own place on the page."""
    if not rows:
        return _NOTHING
    look = _Look(
        context["channels_url"],
        context["wanted"],
        current_rules(),
        bool(context.get("oob")),
        reverse("channels:normalize_names"),
        "" if context.get("may_edit", True) else "preview/",
    )
    return _joined(_channel(row, look, context) for row in rows)


def _channel(row: ChannelRow, look: _Look, context: template.Context) -> SafeString:
    channel = row.channel
    wanted = look.wanted
    return format_html(
        _CHANNEL,
        pk=channel.pk,
        url=look.url,
        page=look.page,
        hidden=_if(channel.is_hidden, " is-hidden"),
        hidden_tag=_if(channel.is_hidden, '<span class="cm-tag">hidden</span>'),
        opened=_if(row.links is not None, " is-open"),
        expanded="false" if row.links is None else "true",
        oob=_if(look.oob, _OOB),
        mark_name=format_html(' data-mark="{}"', row.mark) if row.mark else _NOTHING,
        mark=_MARKS.get(row.mark, _NOTHING),
        logo=_logo(channel.logo_url) if wanted.shows_column("logo") else _NOTHING,
        shared=_if(row.shares_number, ' is-shared" title="Another channel has this number'),
        number=format_number(channel.number) or "–",
        name=channel.name,
        hint=_hint(channel, look),
        extras=_extras(row, wanted.columns_on) if wanted.columns_on else _NOTHING,
        now=_now(row.now) if row.now else _NOTHING,
        guide=_guide(channel) if wanted.shows_column("guide") else _NOTHING,
        kind=row.streams.kind,
        streams=_STREAMS.get(row.streams.kind) or f"{counted(row.streams.count, 'stream')}, not probed yet",
        count=row.streams.count,
        links=_NOTHING if row.links is None else _links(row, context),
    )


_STREAMS = {"none": "No streams", "stale": "The provider no longer lists any of its streams"}
_MARKS = {
    NEW: SafeString('<span class="visually-hidden">new in the draft</span>'),
    CHANGED: SafeString('<span class="visually-hidden">changed in the draft</span>'),
    CONFLICT: SafeString(
        '<span class="cm-tag db-tag" title="It was changed on the server, too, since you changed it. Finishing shows both.">'
        "conflict</span>"
    ),
    GONE: SafeString(
        '<span class="cm-tag db-tag" title="It was deleted on the server since you changed it. Finishing asks what becomes'
        ' of it.">deleted on server</span>'
    ),
}


def _hint(channel: Channel, look: _Look) -> SafeString:
    better = hinted_name(channel.name, look.rules)
    if not better:
        return _NOTHING
    return format_html(
        '<a class="cm-wand" href="{}?channel={}" data-act="open" title="Would be called “{}”"'
        ' aria-label="Normalize the name to {}"></a>',
        *(look.normalize_url, channel.pk, better, better),
    )


def _now(now: NowAiring) -> SafeString:
    if not now.title:
        return format_html('<span class="cm-now" data-until="{}"></span>', now.until_seconds)
    title = _short(now.title, 120)
    until = timezone.localtime(now.until).strftime("%H:%M")
    return format_html(
        '<span class="cm-now" data-until="{}" title="Until {}: {}">{}</span>', now.until_seconds, until, title, title
    )


def _guide(channel: Channel) -> SafeString:
    if channel.guide_entry:
        return format_html('<span class="cm-guide" title="Guide: {}"></span>', _short(channel.guide_entry.name, 80))
    return _if(channel.no_epg, '<span class="cm-guide is-off" title="No guide wanted"></span>')


_EXTRA = '<span class="cm-extra" title="{}">{}</span>'


def _extras(row: ChannelRow, columns: Sequence[str]) -> SafeString:
    """The columns that somebody has switched on, in their own order."""
    channel = row.channel
    guide = _short(channel.guide_entry.name, 80) if channel.guide_entry else ""
    shown = {
        "tvg_id": ("TVG-ID", channel.tvg_id),
        "guide_name": ("Guide entry", guide),
        "gracenote": ("Gracenote id", channel.gracenote_id),
    }
    parts = [
        format_html(_EXTRA, f"{label}: {value}" if value else label, value or "–")
        for name, (label, value) in shown.items()
        if name in columns
    ]
    if "url" in columns:
        address = _short(mask_text(row.first_url), 200) or "–"
        parts.append(format_html('<span class="cm-extra is-url" title="First stream">{}</span>', address))
    return _joined(parts)


def _links(row: ChannelRow, context: template.Context) -> SafeString:
    streams = Engine.get_default().get_template("channels_app/_channel_streams.html")
    with context.push(channel=row.channel, links=row.links):
        return streams.render(context)


_HEAD = (
    '<div class="cm-group-head" id="gh{pk}" data-count="{shown}"{synced}{oob}>'
    '<input type="checkbox" class="form-check-input cm-pick" aria-labelledby="gn{pk}"{disabled}>{grip}'
    '<a class="cm-twist" href="{url}?open={pk}#g{pk}" aria-expanded="{expanded}" aria-controls="gb{pk}">'
    '<span class="cm-group-name" id="gn{pk}">{name}</span></a>{tag}{warning}{range}{count}'
    '<a class="cm-dots" href="{menu}" role="button" aria-haspopup="menu" aria-label="Group menu"></a></div>'
)


@register.simple_tag(takes_context=True)
def group_head(context: template.Context, node: GroupNode, *, oob: bool = False) -> SafeString:
    """The header of a group of channels."""
    group = node.summary
    url = context["channels_url"]
    of_all = f"{group.shown:,} of " if group.shown != group.count else ""
    return format_html(
        _HEAD,
        pk=group.pk,
        url=url,
        shown=group.shown,
        oob=_if(oob, _OOB),
        synced=_if(group.is_auto_sync, " data-synced"),
        disabled=_if(not group.count, " disabled"),
        grip=_GRIP if group.pk else _NO_GRIP,
        expanded="true" if node.is_open else "false",
        name=group.name,
        tag=_if(group.is_auto_sync, '<span class="cm-tag" title="Auto-Sync fills this group">Auto-Sync</span>'),
        warning=format_html('<span class="cm-mark-warning" title="{0} without streams">{0}</span>', group.without_streams)
        if group.without_streams
        else _NOTHING,
        range=format_html('<span class="cm-range">{}</span>', found) if (found := group.range) else _NOTHING,
        count=format_html('<span class="cm-count">{}{}</span>', of_all, f"{group.count:,}")
        if group.count
        else SafeString('<span class="cm-count cm-is-empty">Empty</span>'),
        menu=f"{url}groups/{group.pk}/rename/" if group.pk else f"{url}create/",
    )


_GRIP = SafeString('<button type="button" class="cm-grip" aria-label="Move group"></button>')
_NO_GRIP = SafeString('<span class="cm-grip-space"></span>')


# --- right pane -------------------------------------------------------------------------------------------------------

_STREAM = (
    '<li class="cm-source{stale}{custom}" id="s{pk}" data-id="{pk}">'
    '<input type="checkbox" class="form-check-input cm-pick" aria-labelledby="m{pk}">'
    '<button type="button" class="cm-grip" aria-label="Drag stream"></button>{logo}<span class="cm-stream-text">'
    '<span class="cm-stream-name" id="m{pk}">{name}</span>{address}</span>{stale_tag}{custom_tags}{mark}'
    '<button type="button" class="cm-play" data-act="preview-stream" aria-label="Preview"></button>'
    '<button type="button" class="cm-dots" aria-haspopup="menu" aria-label="Menu"></button></li>\n'
)
_STALE_TAG = """<span class="cm-tag is-stale" title="No longer in the provider's playlist">stale</span>"""


@register.simple_tag(takes_context=True)
def source_rows(context: template.Context, rows: Sequence[StreamRow]) -> SafeString:
    """The rows of streams."""
    url, show_urls = context["channels_url"], context["show_urls"]
    return _joined(_source(row, url, show_urls=show_urls) for row in rows)


def _source(row: StreamRow, channels_url: str, *, show_urls: bool) -> SafeString:
    stream = row.stream
    return format_html(
        _STREAM,
        pk=stream.pk,
        stale=_if(stream.is_stale, " is-stale"),
        stale_tag=_if(stream.is_stale, _STALE_TAG),
        custom=_if(stream.is_custom, " is-custom"),
        custom_tags=_custom_tags(row.custom_group) if stream.is_custom else _NOTHING,
        logo=_logo(stream.logo_url),
        name=stream.name,
        address=format_html('<span class="cm-url">{}</span>', _short(mask_text(stream.url), 300)) if show_urls else _NOTHING,
        mark=_mapped(stream.pk, row.channels, channels_url, _NOTHING),
    )


def _custom_tags(group: str) -> SafeString:
    named = format_html('<span class="cm-tag">{}</span>', _short(group, 30)) if group else _NOTHING
    return _joined((named, SafeString('<span class="cm-tag">custom</span>')))


@register.simple_tag(takes_context=True)
def mapped_mark(context: template.Context, stream_id: int, channels: Sequence[str]) -> SafeString:
    """The mark of one stream alone, which finds its place on the page by itself."""
    return _mapped(stream_id, channels, context["channels_url"], _OOB)


def _mapped(stream_id: int, channels: Sequence[str], channels_url: str, oob: SafeString) -> SafeString:
    if not channels:
        return format_html('<span class="cm-mapped" id="k{}"{}></span>', stream_id, oob)
    named = ", ".join(_short(name, 60) for name in channels[:3])
    more = f" and {len(channels) - 3} more" if len(channels) > 3 else ""
    return format_html(
        '<a class="cm-mapped is-on" id="k{0}" href="{1}?all=1&amp;on={0}" data-act="show-channels-of" data-value="{0}"'
        ' aria-label="On {2}" title="On {3}{4}"{5}></a>',
        *(stream_id, channels_url, counted(len(channels), "channel"), named, more, oob),
    )
