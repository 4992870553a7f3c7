"""Addresses of an Xtream panel (20 §1.6): from what people paste to what players open."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit


class AddressUnusable(ValueError):
    """What was typed is no server address. The message says what to type."""


def normalise_base(typed: str) -> str:
    """Return scheme, host, port and sub-path of a panel, without a trailing slash.

    ``http://h:8080/player_api.php?username=a`` becomes ``http://h:8080``; ``s.example/srv1/`` becomes
    ``http://s.example/srv1``. Raises :class:`AddressUnusable` (20 §1.6, §24 trap 11).
    """
    text = typed.strip()
    if text and "://" not in text:
        text = f"http://{text.lstrip('/')}"
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port is None or parts.port else None
    except ValueError:
        raise AddressUnusable("The port in the server address must be a number up to 65535") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise AddressUnusable("The server address must start with http:// or https://")
    if not host:
        raise AddressUnusable("Give the server's name or IP address, like http://tv.example:8080")
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments and segments[-1].lower().endswith(".php"):
        segments.pop()
    path = "".join(f"/{segment}" for segment in segments)
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, "", ""))


def credentials_in(typed: str) -> tuple[str, str]:
    """User name and password that a pasted API address carries in its query; empty texts when it carries none."""
    try:
        query = parse_qs(urlsplit(typed.strip()).query)
    except ValueError:
        return "", ""
    return query.get("username", [""])[0], query.get("password", [""])[0]


def stream_url(base: str, username: str, password: str, stream_id: str, *, extension: str = "ts") -> str:
    """The live address of a stream: ``{base}/live/U/P/{id}.ts``, with odd characters in the login escaped."""
    return f"{base}/live/{address_part(username)}/{address_part(password)}/{address_part(stream_id)}.{extension}"


def guide_url(base: str, username: str, password: str) -> str:
    """The panel's XMLTV guide."""
    return f"{base}/xmltv.php?{urlencode({'username': username, 'password': password})}"


def api_url(base: str) -> str:
    return f"{base}/player_api.php"


def address_part(text: str) -> str:
    return quote(text, safe="@!$&'()*+,;=:~")
