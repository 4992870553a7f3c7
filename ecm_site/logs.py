"""Log lines: one line an event, no injected line breaks, no credentials (50 O-6)."""

import logging
import time
from typing import Any

from ecm_site.masking import mask_text

# Addresses and names come from strangers: an escape sequence must not reach the terminal that shows the log.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0))} | {9: "\t", 10: "\\n", 13: "\\r"}


class MaskSecrets(logging.Filter):
    """Masks the finished message, so that arguments are covered too."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # a log call with wrong arguments must not break the work it tells about
            message = f"{record.msg} {record.args!r}"
        record.msg = mask_text(message)
        record.args = ()
        return True


class LineFormatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        text = super().formatException(ei).translate({code: shown for code, shown in _VISIBLE.items() if code != ord("\n")})
        return mask_text(text)  # the last line of a traceback often quotes an address

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        return super().formatMessage(record).translate(_VISIBLE)
