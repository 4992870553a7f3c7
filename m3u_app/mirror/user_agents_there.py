"""User agents: a text here, a row with an id on the server."""

from functools import cached_property

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.providers.loose_values import text_of
from tasks_app.mirror.readable import is_id

TEXT_LIMIT = 255


class UserAgents:
    """The server's user agents, asked for when the first is needed. One object serves one reading or delivery."""

    def __init__(self, client: Dispatcharr) -> None:
        self._client = client

    def text_of(self, agent_id: int | None) -> str:
        """What is sent to providers; "" for the server's default and for a row that is gone."""
        return "" if agent_id is None else self._texts.get(agent_id, "")

    def id_of(self, text: str) -> int | None:
        """The row for ``text``, made when there is none; None for "". Raises ``Rejected`` when it cannot be made."""
        if not text:
            return None
        for agent_id, known in self._texts.items():
            if known == text:
                return agent_id
        made = self._client.server.create_user_agent(text, text)
        self._texts[made["id"]] = text
        return made["id"]

    @cached_property
    def _texts(self) -> dict[int, str]:
        rows = self._client.server.user_agents()
        return {row["id"]: text_of(row.get("user_agent"))[:TEXT_LIMIT] for row in rows if is_id(row.get("id"))}
