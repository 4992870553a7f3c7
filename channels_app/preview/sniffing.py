"""What a source sends, judged by its first bytes: names and content types of providers are often wrong."""

from channels_app.preview.errors import PreviewRefused
from channels_app.preview.transport_stream import start_of
from ecm_site.fetching.errors import plain_words
from ecm_site.http import looks_like_html

SNIFFED_BYTES = 4096

TRANSPORT_STREAM = "ts"
PLAYLIST = "hls"
CONTAINER = "container"  # something that ffmpeg can pack anew

_QUOTED = 200  # characters of what came instead


def kind_of(head: bytes) -> str:
    """One of the constants above. Raises :class:`PreviewRefused` (502) for what is neither video nor sound."""
    if start_of(head) >= 0:
        return TRANSPORT_STREAM
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if text[:7].upper() == b"#EXTM3U":
        return PLAYLIST
    if _is_container(head):
        return CONTAINER
    if not text:
        raise PreviewRefused(502, "The source sent nothing. The provider may be down, or this stream is off the air.")
    if b"<MPD" in text[:2048]:
        raise PreviewRefused(502, "This is an MPEG-DASH stream, which the preview cannot play. Open it in VLC.")
    said = plain_words(head)[:_QUOTED]
    if looks_like_html(head):
        raise PreviewRefused(
            502, f"The source sent a web page instead of video, probably a login or block page. It said: “{said}”"
        )
    if text[:1] in b"{[<" or _is_text(text):
        raise PreviewRefused(502, f"The source sent a text instead of video. It said: “{said}”")
    raise PreviewRefused(502, "What the source sends is in no form that the preview knows. Try it in VLC.")


def _is_container(head: bytes) -> bool:
    return (
        head[4:8] in (b"ftyp", b"styp", b"moof", b"moov", b"sidx")
        or head.startswith(
            (b"\x1a\x45\xdf\xa3", b"FLV\x01", b"OggS", b"ID3", b"\x0b\x77")
        )  # Matroska, Flash, Ogg, tagged MP3, AC-3
        or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)  # AAC or MP3 frames
    )


def _is_text(text: bytes) -> bool:
    sample = text[:512]
    return all(byte >= 32 or byte in b"\t\r\n" for byte in sample) and sum(byte < 127 for byte in sample) > 0.9 * len(sample)
