"""Turns the bytes of a guide into clean text, piece by piece (30 §4.2).

The declaration decides, a byte order mark before it; without either it is UTF-8. Bytes that do not fit are read as
Windows-1252 and counted. Characters that XML forbids are removed and counted.
"""

import codecs
import re
import threading
from collections.abc import Iterator
from html import unescape
from typing import BinaryIO, Final

from ecm_site.http import looks_like_html
from epg_app.importing.errors import GuideError
from epg_app.importing.findings import Findings

PIECE: Final = 1_048_576  # bytes read at once
HEAD: Final = 65_536  # bytes in which the declaration and the root are looked for

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})")
_KNOWN = re.compile(
    r"utf-8|utf-16(?:-le|-be)?|utf-32(?:-le|-be)?|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|gb2312|gbk|gb18030|big5\w*"
    r"|shift_jis\w*|euc_\w+|johab|tis-620|ptcp154|hz"
)
_ELEMENT = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:tv|channel|programme)[\s>/]")
_TITLE = re.compile(rb"(?i)<title[^>]{0,200}>([^<]{1,400})")
_CONTROLS: Final = bytes(code for code in range(32) if code not in (9, 10, 13))
_CONTROL_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDE = ("utf-16", "utf-32")

_tally = threading.local()


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Error handler: whatever is not valid here was most likely pasted in from a Windows-1252 file."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    if getattr(_tally, "first", None) is None:
        _tally.first = error.start
    _tally.count = getattr(_tally, "count", 0) + len(bad)
    return bad.decode("cp1252", "replace"), error.end


codecs.register_error("guide-windows-1252", _as_windows_1252)


def looks_like_guide(start: bytes) -> bool:
    """Whether the first bytes of a file are XMLTV, whatever comes before; also picks the right member of a zip."""
    return _ELEMENT.search(_narrow(start[:HEAD])) is not None or b"<?xml" in _narrow(start[:4096])


def refuse_web_page(start: bytes) -> None:
    """Raise :class:`GuideError` when unpacked bytes are a web page and no guide follows in sight."""
    if _ELEMENT.search(_narrow(start[:HEAD])) is not None or not looks_like_html(start):
        return
    title = _TITLE.search(start[:HEAD])
    words = " ".join(unescape(title.group(1).decode("utf-8", "replace")).split())[:100] if title else ""
    named = f"a web page “{words}”" if words else "a web page"
    raise GuideError(f"This is {named} instead of a guide, probably a login or block page. Check the address and the login.")


def text_pieces(stream: BinaryIO, findings: Findings) -> Iterator[str]:
    """Yield the text of ``stream`` in pieces of about 1 MB, line ends as ``\\n``, without forbidden characters."""
    head = _read(stream, PIECE)
    encoding = _encoding_of(head, findings)
    if encoding == "utf-8":
        pieces = _utf8(stream, head.removeprefix(codecs.BOM_UTF8), findings)
    elif encoding.startswith(_WIDE):
        pieces = _wide(stream, head, encoding, findings)
    else:
        pieces = _single(stream, head, encoding, findings)
    yield from _line_ends(pieces)


def _read(stream: BinaryIO, size: int) -> bytes:
    """Exactly ``size`` bytes unless the stream ends: unpackers give less when asked for much."""
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _encoding_of(head: bytes, findings: Findings) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head[:4] in (b"<\0\0\0", b"\0\0\0<"):
        return "utf-32-le" if head[0] else "utf-32-be"
    if head[:2] == b"<\0" and head[3:4] == b"\0":
        return "utf-16-le"
    if head[:3] == b"\0<\0":
        return "utf-16-be"
    declared = _DECLARATION.search(head[:HEAD])
    name = _codec_name(declared.group(1).decode("ascii"), findings) if declared else "utf-8"
    if name.startswith(_WIDE):
        return "utf-8"  # the declaration itself could be read byte by byte, so that cannot be true
    if name == "utf-8" and _is_all_windows_1252(head):
        findings.note("bad_bytes", sample="The whole file is Windows-1252.")
        return "cp1252"
    return "cp1252" if name in ("ascii", "iso8859-1") else name


def _codec_name(declared: str, findings: Findings) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        name = ""
    if _KNOWN.fullmatch(name) is None:  # text encodings only: Python also "decodes" base64 and zip
        findings.note("unknown_encoding", sample=declared)
        return "utf-8"
    return name


def _is_all_windows_1252(head: bytes) -> bool:
    """True when bytes beyond ASCII never form UTF-8: then decoding them one by one would only be slow."""
    if head.isascii():
        return False
    _reset_tally()
    text, _ = codecs.utf_8_decode(head, "guide-windows-1252", False)
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return bool(_tally.count) and beyond == _tally.count


def _reset_tally() -> None:
    _tally.count, _tally.first = 0, None


def _utf8(stream: BinaryIO, head: bytes, findings: Findings) -> Iterator[str]:
    rest = b""
    line = 1
    piece = head
    while True:
        following = _read(stream, PIECE)
        data = rest + _without_controls(piece, line, findings)
        _reset_tally()
        text, used = codecs.utf_8_decode(data, "guide-windows-1252", not following)
        if _tally.count:
            at = line + data.count(b"\n", 0, _tally.first)
            findings.note("bad_bytes", line=at, sample=_around(data, _tally.first), count=_tally.count)
        rest = data[used:]
        line += data.count(b"\n", 0, used)
        if "\ufffe" in text or "\uffff" in text:
            text = _cleaned(text, line, findings)
        yield text
        if not following:
            return
        piece = following


def _single(stream: BinaryIO, head: bytes, encoding: str, findings: Findings) -> Iterator[str]:
    """One of the other encodings in which the control characters of ASCII are single bytes."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    line = 1
    piece = head
    while piece:
        text = decoder.decode(_without_controls(piece, line, findings))
        line += text.count("\n")
        yield text
        piece = _read(stream, PIECE)
    yield decoder.decode(b"", True)


def _wide(stream: BinaryIO, head: bytes, encoding: str, findings: Findings) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    line = 1
    piece = head
    while piece:
        text = _cleaned(decoder.decode(piece), line, findings)
        line += text.count("\n")
        yield text.removeprefix("\ufeff")
        piece = _read(stream, PIECE)
    yield decoder.decode(b"", True)


def _without_controls(data: bytes, line: int, findings: Findings) -> bytes:
    clean = data.translate(None, _CONTROLS)
    if len(clean) != len(data):
        at = next(place for place, byte in enumerate(data) if byte in _CONTROLS)
        lines = line + data.count(b"\n", 0, at)
        findings.note("control_character", line=lines, sample=_around(data, at), count=len(data) - len(clean))
    return clean


def _cleaned(text: str, line: int, findings: Findings) -> str:
    clean, removed = _CONTROL_TEXT.subn("", text)
    if removed:
        findings.note("control_character", line=line, count=removed)
    return clean


def _around(data: bytes, at: int) -> str:
    return data[max(0, at - 40) : at + 40].decode("utf-8", "replace").translate(dict.fromkeys(range(32), " "))


def _line_ends(pieces: Iterator[str]) -> Iterator[str]:
    held = ""
    for piece in pieces:
        text = held + piece
        held = ""
        if "\r" in text:
            if text.endswith("\r"):
                text, held = text[:-1], "\r"
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        yield text
    if held:
        yield "\n"


def _narrow(data: bytes) -> bytes:
    """Wide encodings with their zero bytes left out, enough to recognise markup."""
    return data.replace(b"\0", b"") if b"\0" in data[:200] else data
