"""Makes SVG pictures harmless: only drawing elements stay; scripts, styles that load, links and foreign parts go.

Whoever serves one also forbids it everything by its own content security policy; this is the first of two locks.
"""

import base64
import binascii
import re

from lxml import etree

LARGEST_SVG = 1_048_576  # bytes
MOST_ELEMENTS = 20_000
MOST_USES = 500
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_ELEMENTS = frozenset(
    {
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "textPath",
        "title",
        "desc",
        "image",
        "style",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "mask",
        "pattern",
        "marker",
        "filter",
        "switch",
        "feBlend",
        "feColorMatrix",
        "feComponentTransfer",
        "feComposite",
        "feConvolveMatrix",
        "feDiffuseLighting",
        "feDisplacementMap",
        "feDistantLight",
        "feDropShadow",
        "feFlood",
        "feFuncA",
        "feFuncB",
        "feFuncG",
        "feFuncR",
        "feGaussianBlur",
        "feMerge",
        "feMergeNode",
        "feMorphology",
        "feOffset",
        "fePointLight",
        "feSpecularLighting",
        "feSpotLight",
        "feTile",
        "feTurbulence",
    }
)
_LOADS = re.compile(
    r"(?i)@import|@namespace|expression\s*\(|javascript:|-moz-binding|behavior\s*:|\\|url\((?>\s*['\"]?\s*)(?!#)"
)
_PICTURE = re.compile(r"(?i)data:image/(?:png|jpeg|gif|webp);base64,([a-z0-9+/=\s]+)")
_LARGEST_INNER_PICTURE = 524_288


class BadSvg(ValueError):
    """The text is no SVG that we take; the message says why and what to do."""


def sanitized_svg(data: bytes) -> bytes:
    """``data`` with everything but harmless drawing removed. Raises :class:`BadSvg`."""
    if len(data) > LARGEST_SVG:
        raise BadSvg(f"An SVG may have at most {LARGEST_SVG // 1024:,} KB. Export it as PNG instead.")
    if b"<!entity" in data.lower() or b"\x00" in data[:4096]:
        raise BadSvg("This SVG defines entities, which are not accepted. Export it as plain SVG or as PNG.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadSvg("This is not a valid SVG file. Export it again, or use PNG.") from error
    if _local(root) != "svg":
        raise BadSvg("This is an XML file, but not an SVG picture.")
    _clean(root)
    _flatten_uses(root)
    etree.cleanup_namespaces(root)
    cleaned: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return cleaned


def _clean(root: etree._Element) -> None:
    elements = list(root.iter())
    if len(elements) > MOST_ELEMENTS:
        raise BadSvg(f"This SVG has more than {MOST_ELEMENTS:,} elements. Export it as PNG instead.")
    for element in elements:
        if element is not root and (not isinstance(element.tag, str) or _local(element) not in _ELEMENTS):
            _remove(element)
            continue
        if _local(element) == "style" and _LOADS.search("".join(element.itertext())):
            _remove(element)
            continue
        for name, value in list(element.attrib.items()):
            if not _is_harmless(element, str(name), str(value)):
                del element.attrib[name]


def _is_harmless(element: etree._Element, name: str, value: str) -> bool:
    plain = etree.QName(name).localname
    namespace = etree.QName(name).namespace
    if namespace not in (None, _XLINK, "http://www.w3.org/XML/1998/namespace") or plain.lower().startswith("on"):
        return False
    if plain == "base":
        return False
    if plain == "href":
        return value.strip().startswith("#") or (_local(element) == "image" and _is_picture(value.strip()))
    return not _LOADS.search(value)


def _is_picture(value: str) -> bool:
    found = _PICTURE.fullmatch(value)
    if not found or len(value) > _LARGEST_INNER_PICTURE:
        return False
    try:
        data = base64.b64decode(found[1])
    except (binascii.Error, ValueError):
        return False
    return data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")) or data[8:12] == b"WEBP"


def _flatten_uses(root: etree._Element) -> None:
    """Copies of copies of copies draw a picture a billion times: what is copied may itself copy nothing."""
    uses = [element for element in root.iter() if _local(element) == "use"]
    if len(uses) > MOST_USES:
        raise BadSvg(f"This SVG copies parts more than {MOST_USES} times. Export it as PNG instead.")
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    doomed = []
    for use in uses:
        target = by_id.get((use.get("href") or use.get(f"{{{_XLINK}}}href") or "").strip().removeprefix("#"))
        if target is None or any(_local(inner) == "use" for inner in target.iter()):
            doomed.append(use)
    for use in doomed:
        _remove(use)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _local(element: etree._Element) -> str:
    """The name of an SVG element without its namespace; "" for elements of other namespaces."""
    if not isinstance(element.tag, str):
        return ""
    name = etree.QName(element)
    return name.localname if name.namespace in (_SVG, None) else ""
