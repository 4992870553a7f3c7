"""Log lines: one line an event, no injected line breaks, no credentials (50 O-6)."""

import logging
import time
from typing import Any

from ecm_site.masking import mask_text


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
        return mask_text(super().formatException(ei))  # the last line of a traceback often quotes an address

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")
