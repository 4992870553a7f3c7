"""Why a playlist or guide that was read from a file cannot be brought to a server."""

from pathlib import Path

from m3u_app.store_upload import is_upload


def problem_of_upload(path: str, noun: str, *, largest: int) -> str:
    """The end of a sentence with what to do; empty when it can. ``largest`` in bytes."""
    if not is_upload(path):
        return f"the {noun} is a path on this machine. Upload the file first, or give an address"
    try:
        size = Path(path).stat().st_size
    except OSError:
        return f"the uploaded {noun} is no longer there. Upload it again first, or give an address"
    return f"the {noun} is larger than {largest // 1_048_576} MB. Give an address first" if size > largest else ""
