"""Why there is no preview."""


class PreviewRefused(Exception):
    """``str()`` is a masked sentence for the operator, ``status`` the HTTP status that says the same (10 §19).

    400 bad mode, 404 no such item or nothing to play, 429 and 503 too many previews, 500 no ffmpeg, 502 the source's fault.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
