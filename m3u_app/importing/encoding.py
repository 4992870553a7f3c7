"""Bytes to text (20 §3.1): one decision per file, mended line by line where the file does not keep to it."""

import codecs

SAMPLE_SIZE = 256 * 1024
"""Bytes that the decision is made on."""

UTF8 = "utf-8"
WESTERN = "cp1252"

# Longest first: the UTF-32 mark begins with the UTF-16 one.
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32")
_PROBE = '#EXTINF:-1 a="b",\r\nhttp://'


def bom_of(start: bytes) -> tuple[str, int]:
    """Return (encoding, length) of the byte order mark that ``start`` begins with, or ("", 0)."""
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding, len(mark)
    return "", 0


def usable_charset(name: str) -> str:
    """Return the Python name of a charset a server declared, or "" when it is unknown or no plain text charset."""
    try:
        codec = codecs.lookup(name.strip().strip("\"'"))
        if codec.name.startswith(_WIDE):
            return codec.name if codec.name.endswith("e") else f"{codec.name}-le"  # without a mark it has to be guessed
        # Line breaks and keywords are found in the bytes, so ASCII must look like ASCII (EBCDIC, UTF-7, idna do not).
        if codec.encode(_PROBE)[0] != _PROBE.encode() or codec.decode(_PROBE.encode())[0] != _PROBE:
            return ""
    except (LookupError, UnicodeError, TypeError, ValueError):
        return ""
    return "" if codec.name in ("utf-7", "unicode_escape", "raw-unicode-escape", "unicode-escape") else codec.name


def is_wide(encoding: str) -> bool:
    """True for encodings with more than one byte per ASCII character, which are converted before anything else."""
    return encoding.startswith(_WIDE)


def choose_encoding(sample: bytes, charset: str = "") -> str:
    """Decide on the encoding of a file without byte order mark from its first bytes.

    UTF-8 when all of it, or most of its non-ASCII lines, are valid UTF-8: a single Latin-1 line must not spoil the other
    names. Otherwise ``charset`` (from :func:`usable_charset`) if the sample is valid in it, otherwise Windows-1252.
    """
    try:
        codecs.getincrementaldecoder(UTF8)().decode(sample)  # a character cut at the end of the sample is fine
    except UnicodeDecodeError:
        pass
    else:
        return UTF8
    good = bad = 0
    for line in sample.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode(UTF8)
            good += 1
        except UnicodeDecodeError:
            bad += 1
    if good > bad:
        return UTF8
    if charset and charset != UTF8:
        try:
            codecs.getincrementaldecoder(charset)().decode(sample)
        except UnicodeDecodeError:
            return WESTERN
        return charset
    return WESTERN


def fallback_order(chosen: str, charset: str = "") -> tuple[str, ...]:
    """Return the encodings a line is tried in: the file's own, then UTF-8, what the server declared, Windows-1252."""
    order = [chosen, UTF8, "" if is_wide(charset) else charset, WESTERN]
    return tuple(dict.fromkeys(name for name in order if name))


def decode_lines(raw: bytes, order: tuple[str, ...]) -> str:
    """Decode the lines of one entry; a line that is not valid in the first encoding of ``order`` falls back on its own."""
    try:
        return raw.decode(order[0])
    except UnicodeDecodeError:
        return "\n".join(_decode_line(line, order) for line in raw.split(b"\n"))


def _decode_line(line: bytes, order: tuple[str, ...]) -> str:
    for encoding in order:
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")  # every byte has a meaning here; Windows-1252 leaves five undefined
