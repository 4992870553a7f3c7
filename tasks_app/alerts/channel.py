"""What every way out offers (50 §4.1, §4.4, A-8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ecm_site.http import Answer, FetchError, FetchPolicy
from ecm_site.masking import MASK, mask_text
from tasks_app.alerts.clean_text import one_line
from tasks_app.alerts.message import Message

KEPT_SECRET = "********"  # noqa: S105 - shown in place of a secret; saving it keeps what is stored (A-2)
_NOTE_LIMIT = 500

SENDING = FetchPolicy(connect_timeout=10, read_timeout=10, total_timeout=20)
"""How long a service may take. Addresses in the local network are fine when the operator typed them in."""


class ChannelError(Exception):
    """Sending failed; ``str()`` is a sentence for the operator without secrets.

    ``may_pass`` = worth another try. ``asked_pause`` is set when the service said "too many": seconds to wait, or None when
    it did not say how long; ``is_refused_for_now`` tells the two apart from other errors.
    """

    def __init__(
        self, message: str, *, may_pass: bool, is_refused_for_now: bool = False, asked_pause: float | None = None
    ) -> None:
        super().__init__(one_line(mask_text(message), _NOTE_LIMIT))
        self.may_pass = may_pass
        self.is_refused_for_now = is_refused_for_now
        self.asked_pause = asked_pause


class InvalidMethod(Exception):
    """A value of an alert method is not usable. ``field`` names it, ``str()`` says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Field:
    """One value of a method's configuration, for forms and for the HTTP surface."""

    name: str
    label: str
    kind: str = "text"  # text, secret, bool, choice, addresses
    required: bool = False
    default: Any = ""
    choices: tuple[tuple[str, str], ...] = ()
    help_text: str = ""
    placeholder: str = ""


class Channel(Protocol):
    """One kind of alert method. Stateless; ``values`` are configuration and secrets together."""

    type: ClassVar[str]
    label: ClassVar[str]
    icon: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]

    def clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All values checked and brought into their stored form. Raises :class:`InvalidMethod` (A-1)."""
        ...

    def place(self, values: Mapping[str, Any]) -> str:
        """Where messages go, in words without a secret, e.g. the recipients."""
        ...

    def problem(self, values: Mapping[str, Any]) -> str:
        """What is still missing before anything can be sent, in words; "" when nothing is (50 §17 trap 14)."""
        ...

    def send(self, values: Mapping[str, Any], message: Message) -> str:
        """Send and return a remark for the log, usually empty. Raises :class:`ChannelError`."""
        ...

    def test(self, values: Mapping[str, Any], message: Message) -> str:
        """As :meth:`send`, with whatever can be checked first for a more telling reason (A-8)."""
        ...


def secret_names(channel: Channel) -> frozenset[str]:
    return frozenset(field.name for field in channel.fields if field.kind == "secret")


def without(text: str, *secrets: object) -> str:
    """``text`` with these very secrets blotted out: some of them look like nothing that masking could know."""
    for secret in secrets:
        if isinstance(secret, str) and len(secret) >= 4:
            text = text.replace(secret, MASK)
    return text


def from_fetch_error(service: str, error: FetchError) -> ChannelError:
    """No answer came, or the address is refused."""
    if error.kind == "timeout":
        return ChannelError(f"{service} did not answer in time (timed out).", may_pass=True)
    if error.kind in ("dns", "refused", "interrupted"):
        return ChannelError(f"Could not connect to {service}: {error}", may_pass=True)
    if error.kind == "tls":
        return ChannelError(f"No secure connection to {service}: {error}", may_pass=True)
    return ChannelError(str(error), may_pass=False)


def retry_seconds(answer: Answer, *from_body: object) -> float | None:
    """How long the service asks to wait: the largest of the header and the values found in the body; seconds."""
    found = []
    for value in (answer.headers.get("retry-after"), *from_body):
        try:
            found.append(float(value))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return max((seconds for seconds in found if seconds >= 0), default=None)


def as_bool(value: object, default: bool) -> bool:
    """A yes or no from a form, from JSON, or absent."""
    if isinstance(value, bool):
        return value
    if value in (None, ""):
        return default
    return str(value).strip().lower() in ("1", "true", "on", "yes")


def text_of(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value.strip() if isinstance(value, str) else ""
