"""Looks at what a picture really is, whatever it is called, and makes small copies (10 §16)."""

import io
import re
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageOps

from channels_app.logos.svg import BadSvg, sanitized_svg

LARGEST_FILE = 5 * 1_048_576  # bytes
MOST_PIXELS = 16_000_000  # 64 MB while it is open; a logo has a hundredth of that
LONGEST_SIDE = 8000
THUMBNAIL = 192  # pixels; three times what a list shows, sharp on any screen
_FORMATS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
_SVG_TAG = re.compile(rb"(?i)<(?:[a-z0-9_-]{1,20}:)?svg[\s>/]")
_BEFORE_SVG = ((b"<?", b"?>"), (b"<!--", b"-->"), (b"<!", b">"))  # declaration, comments, document type
CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}
# What Pillow raises for files that only pretend; DecompressionBombError is no kind of any of the others.
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError, struct.error,
    zlib.error, Image.DecompressionBombError,
)  # fmt: skip
_ACCEPTED = "Use a PNG, JPEG, GIF, WebP or SVG file."


class NotAPicture(ValueError):
    """These bytes are no picture that we take; the message says why and what to do."""


@dataclass(frozen=True)
class Picture:
    """``kind`` is the ending of the file; ``data`` what may be stored and served. An SVG has no size in pixels (0)."""

    kind: str
    data: bytes
    width: int = 0
    height: int = 0


def examine(data: bytes) -> Picture:
    """Check that ``data`` is a picture, by its content alone. An SVG comes back sanitized. Raises :class:`NotAPicture`."""
    if not data:
        raise NotAPicture(f"The file is empty. {_ACCEPTED}")
    if len(data) > LARGEST_FILE:
        raise NotAPicture(f"A picture may have at most {LARGEST_FILE // 1_048_576} MB.")
    if looks_like_svg(data):
        return Picture("svg", _clean_svg(data))
    with _opened(data) as image:
        try:
            image.load()  # the first frame: what is cut off or only pretends fails here
        except _DAMAGED as error:
            raise NotAPicture(f"The picture is damaged or incomplete. {_ACCEPTED}") from error
        return Picture(_FORMATS[str(image.format)], data, *image.size)


def looks_like_svg(data: bytes) -> bool:
    """Whether the first element of an XML text is ``<svg>``."""
    start = data[:16_384].removeprefix(b"\xef\xbb\xbf").lstrip()
    while start.startswith((b"<?", b"<!")):
        ending = next(end for begin, end in _BEFORE_SVG if start.startswith(begin))
        if ending == b">" and b"[" in start.partition(b">")[0]:
            ending = b"]>"
        _, found, start = start.partition(ending)
        if not found:
            return False
        start = start.lstrip()
    return bool(_SVG_TAG.match(start))


def thumbnail(data: bytes) -> Picture:
    """A small copy (WebP, at most :data:`THUMBNAIL` pixels a side); of an SVG the sanitized picture itself.

    Raises :class:`NotAPicture`.
    """
    if looks_like_svg(data):
        return Picture("svg", _clean_svg(data))
    with _opened(data) as image:
        try:
            image.draft("RGB", (THUMBNAIL, THUMBNAIL))  # a JPEG is decoded at an eighth of its size where that is enough
            turned = ImageOps.exif_transpose(image)
            has_alpha = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
            small = turned.convert("RGBA" if has_alpha else "RGB")
            small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
            file = io.BytesIO()
            small.save(file, "WEBP", quality=85, method=4)
        except _DAMAGED as error:
            raise NotAPicture(f"The picture is damaged or incomplete. {_ACCEPTED}") from error
    return Picture("webp", file.getvalue(), *small.size)


def _opened(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=list(_FORMATS))
    except Image.DecompressionBombError as error:
        raise NotAPicture(
            f"The picture has far too many pixels; at most {MOST_PIXELS // 1_000_000} million are taken."
        ) from error
    except _DAMAGED as error:
        raise NotAPicture(f"This is not a picture. {_ACCEPTED}") from error
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE or not width * height:
        image.close()
        raise NotAPicture(
            f"The picture has {width:,} × {height:,} pixels; at most {MOST_PIXELS // 1_000_000} million are taken."
        )
    return image


def _clean_svg(data: bytes) -> bytes:
    try:
        return sanitized_svg(data)
    except BadSvg as error:
        raise NotAPicture(str(error)) from error
