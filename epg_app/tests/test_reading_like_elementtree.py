"""The cutter is no XML parser; on documents that are well-formed it must see what one sees."""

import io
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from epg_app.tests.reading import Read, read

PIECES = [
    "a",
    "b",
    "é",
    " ",
    "<",
    ">",
    "&",
    ";",
    '"',
    "'",
    "=",
    "/",
    "]",
    "#",
    "!",
    "-",
    "?",
    "\n",
    "amp",
    "title",
    "programme",
    "€",
    "𝄞",
]
WORD = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
TEXT_TAGS = ["title", "sub-title", "desc", "category", "date", "foo", "keyword", "x-y"]


@st.composite
def text_nodes(draw: Any) -> str:
    """A text as XML, written in one of the ways XML allows."""
    text = draw(WORD)
    way = draw(st.sampled_from(["plain", "raw", "cdata", "numeric", "comment"]))
    if way == "cdata" and "]]>" not in text:
        return f"<![CDATA[{text}]]>"
    if way == "numeric":
        return "".join(f"&#{ord(char)};" if not 0x80 <= ord(char) < 0xA0 else char for char in text)
    if way == "comment":
        return f"{escape(text)}<!-- > <b> & -->"
    if way == "raw" and "]]>" not in text:
        return escape(text).replace("&gt;", ">")
    return escape(text)


@st.composite
def attribute(draw: Any, name: str) -> str:
    value = quoteattr(draw(WORD))
    if draw(st.booleans()):
        value = value.replace("&gt;", ">")  # allowed, and a trap for whoever looks for the end of a tag
    return f"{draw(st.sampled_from([' ', '  ', chr(10)]))}{name}{draw(st.sampled_from(['=', ' = ']))}{value}"


@st.composite
def children(draw: Any) -> str:
    parts = []
    for tag in draw(st.lists(st.sampled_from(TEXT_TAGS), max_size=6)):
        lang = draw(st.just("") | attribute("lang"))
        if draw(st.booleans()):
            parts.append(f"<{tag}{lang}>{draw(text_nodes())}</{tag}{draw(st.sampled_from(['', ' ', chr(10)]))}>")
        else:
            parts.append(f"<{tag}{lang}{draw(st.sampled_from(['/>', ' />', f'></{tag}>']))}")
        parts.append(draw(st.sampled_from(["", "\n  ", "<!-- x -->", "<?pi x?>"])))
    return "".join(parts)


@st.composite
def documents(draw: Any) -> str:
    elements = []
    for number in range(draw(st.integers(0, 5))):
        attributes = [
            f' start="202503{number + 1:02}100000 +0000"',
            f" channel={quoteattr(draw(st.sampled_from(['a', 'b & c', '<x>', 'é'])))}",
        ]
        attributes += draw(st.lists(attribute("stop"), max_size=1)) + draw(st.lists(attribute("showview"), max_size=1))
        order = draw(st.permutations(attributes))
        elements.append(f"<programme{''.join(order)}>{draw(children())}</programme>")
    for name in draw(st.lists(WORD, max_size=3, unique_by=str.strip)):
        display = "".join(f"<display-name>{draw(text_nodes())}</display-name>" for _ in range(draw(st.integers(0, 2))))
        elements.append(f"<channel id={quoteattr(name)}>{display}</channel>")
    gap = draw(st.sampled_from(["", "\n", "<!-- <programme> -->", "<other><title>no</title></other>"]))
    doctype = draw(st.sampled_from(["", '<!DOCTYPE tv SYSTEM "xmltv.dtd">']))
    return f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<tv a="b>c">{gap.join(draw(st.permutations(elements)))}</tv>'


def first_text(element: ElementTree.Element, tag: str) -> str:
    return next((text for child in element.findall(tag) if (text := "".join(child.itertext()).strip())), "")


def as_title(text: str) -> str:
    return (" ".join(text.split()) if "\n" in text else text)[:255] or "No title"


def programmes_of(root: ElementTree.Element) -> dict[tuple[str, str], tuple[str, str, str]]:
    return {
        (element.get("channel", "").strip(), element.get("start", "")): (
            as_title(first_text(element, "title")),
            first_text(element, "sub-title"),
            first_text(element, "date"),
        )
        for element in root.findall("programme")
    }


def programmes_read(done: Read) -> dict[tuple[str, str], tuple[str, str, str]]:
    return {
        (tvg_id, datetime.fromtimestamp(row.start, UTC).strftime("%Y%m%d%H%M%S +0000")): (
            row.content[0],
            row.content[1],
            json.loads(row.content[7]).get("date", ""),
        )
        for tvg_id, rows in done.programmes.items()
        for row in rows
    }


@given(documents())
@settings(max_examples=150, deadline=None)
def test_a_well_formed_guide_reads_as_elementtree_reads_it(document: str) -> None:
    root = ElementTree.parse(io.BytesIO(document.encode())).getroot()
    done = read(document)
    assert programmes_read(done) == programmes_of(root)
    names: dict[str, str] = {}
    for element in root.findall("channel"):
        tvg_id = element.get("id", "").strip()
        if tvg_id:
            names.setdefault(tvg_id, " ".join(first_text(element, "display-name").split()) or tvg_id)
    assert {tvg_id: channel.name for tvg_id, channel in done.feed.channels.items() if channel.declared} == names
    assert done.findings.damaged_line is None
