"""What the publishing page shows."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from channels_app.models import ChannelProfile, OutputToken
from channels_app.numbering import natural_key
from channels_app.publishing.base_address import base_address, is_only_this_machine, lan_address
from channels_app.publishing.generation import Generation, NothingPublished, current_generation
from channels_app.publishing.player_addresses import TOKEN_PLACEHOLDER, player_addresses, profile_addresses
from channels_app.publishing.request_publish import TASK_ID
from ecm_site.conf import get_settings
from tasks_app.models import TaskRun


@dataclass(frozen=True)
class PublishState:
    """``run`` is the newest run; ``generation`` what players get now. Each None when there is none yet."""

    run: TaskRun | None
    generation: Generation | None

    @property
    def is_working(self) -> bool:
        return self.run is not None and self.run.is_active

    @property
    def has_failed(self) -> bool:
        return self.run is not None and not self.run.is_active and self.run.success is False


def publish_state() -> PublishState:
    """One query."""
    try:
        generation = current_generation()
    except NothingPublished:
        generation = None
    return PublishState(TaskRun.objects.filter(task_id=TASK_ID).order_by("-id").first(), generation)


def addresses(request: HttpRequest, token: str = "") -> dict[str, Any]:
    """Template values about where players fetch; ``token`` when one was just made."""
    base = base_address(request)
    needs_token = get_settings().output_access == "token"
    shown = f"{base}/t/{token or TOKEN_PLACEHOLDER}" if needs_token or token else base
    return {
        "base": base,
        "players": player_addresses(shown),
        "profiles": [(name, profile_addresses(shown, name)) for name in profile_names()],
        "needs_token": needs_token and not token,
        "loopback_hint": _suggestion(base) if is_only_this_machine(base) else "",
        "is_loopback": is_only_this_machine(base),
    }


def profile_names() -> list[str]:
    """The channel profiles, each of which has addresses of its own. One query."""
    return sorted(ChannelProfile.objects.values_list("name", flat=True), key=natural_key)


def shown_base(request: HttpRequest) -> str:
    """This server's address as players use it, with the place of a token where one is needed."""
    base = base_address(request)
    return f"{base}/t/{TOKEN_PLACEHOLDER}" if get_settings().output_access == "token" else base


def all_tokens() -> list[OutputToken]:
    return list(OutputToken.objects.order_by("label", "id"))


def _suggestion(base: str) -> str:
    """The same address as other devices would write it."""
    address = lan_address()
    port = base.rpartition(":")[2].partition("/")[0]
    return f"http://{address}{f':{port}' if port.isdigit() else ''}" if address else ""
