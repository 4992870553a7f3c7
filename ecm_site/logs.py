"""Log lines: one line an event, no injected line breaks, no credentials, with the id of the request (50 O-1, O-6)."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from ecm_site.masking import mask_text
from ecm_site.tracing import current_trace_id

# Addresses and names come from strangers: an escape sequence must not reach the terminal that shows the log.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0))} | {9: "\t", 10: "\\n", 13: "\\r"}
_VISIBLE_LINES = {code: shown for code, shown in _VISIBLE.items() if code != ord("\n")}
_OWN_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


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
    """For people at a terminal."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(trace_id)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        text = super().formatException(ei).translate(_VISIBLE_LINES)
        return mask_text(text)  # the last line of a traceback often quotes an address

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        record.trace_id = current_trace_id()
        return super().formatMessage(record).translate(_VISIBLE)


class JsonFormatter(logging.Formatter):
    """For collectors, and for our own log file: one JSON object a line, whose values hold no raw control characters."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "msg": _clean(record.getMessage()),
            "trace_id": current_trace_id(),
        }
        for name, value in record.__dict__.items():  # fields bound with logger.info(..., extra={...})
            if name not in _OWN_FIELDS and name not in line:
                line[name] = value if isinstance(value, bool | int | float | None) else _clean(mask_text(str(value)))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = mask_text(self.formatException(record.exc_info)).translate(_VISIBLE_LINES)
        return json.dumps(line, ensure_ascii=False)


def _clean(text: str) -> str:
    return text.translate(_VISIBLE)
