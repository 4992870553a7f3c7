"""Maps letters that only look different to plain ones: ``ᵁᴴᴰ`` → ``UHD``, ``ʜᴅ`` → ``HD``, ``ＥＳＰＮ`` → ``ESPN`` (10 §12)."""

import re
import unicodedata

_BLOCKS = (
    (0x00B2, 0x00BA),  # ² ³ ¹ ª º
    (0x02B0, 0x02C0),  # modifier letters
    (0x1D2C, 0x1DC0),  # phonetic superscripts and subscripts
    (0x2070, 0x20A0),  # superscripts and subscripts
    (0x2C7C, 0x2C7E),
    (0xA7F2, 0xA7FA),
    (0xFF01, 0xFF5F),  # full width
    (0x1D400, 0x1D800),  # "mathematical" bold and italic letters
)
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "ABCDEFGHIJKLMNOPQRSTUVWYZ", strict=True))
_SIGNS = {"┃": "|", "│": "|", "❘": "|", "❙": "|", "¦": "|", "–": "-", "—": "-", "\u00a0": " ", "\u3000": " "}
# Invisible characters: text-direction overrides can turn a whole page around, the others make equal names differ.
_INVISIBLE = [0x200B, 0x2060, 0xFEFF, 0x00AD, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for first, behind in _BLOCKS:
        for code in range(first, behind):
            simple = unicodedata.normalize("NFKC", chr(code))
            if len(simple) == 1 and simple.isascii() and simple.isprintable():
                table[code] = simple
    table.update({ord(letter): simple for letter, simple in (_SMALL_CAPITALS | _SIGNS).items()})
    table.update(dict.fromkeys(_INVISIBLE))
    return table


_TABLE = _table()


def plain_letters(text: str) -> str:
    """``text`` in plain letters, without invisible and control characters, white space collapsed and trimmed."""
    if not text.isascii():
        text = text.translate(_TABLE)
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    return " ".join(text.split())
