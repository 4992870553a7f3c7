"""Whether another address leads to the server that is mirrored."""

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.kinds import MirroredKind, all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.which_server_marks import Verdict, compare, read_marks
from tasks_app.models import MirrorLink

SAMPLE = 50
ENOUGH = 0.8
"""Share of the sampled rows that must be there under the same id and name; a few may have changed since the last pull."""


def is_same_server(client: Dispatcharr) -> bool:
    """Whether it is the installation that is mirrored. Raises ``DispatcharrError``.

    Its marks decide. Of a server that shows none, some linked rows of every kind are compared with what it has under their ids.
    """
    verdict = compare(mirror_state().marks, read_marks(client))
    if verdict is not Verdict.UNKNOWN:
        return verdict is Verdict.SAME
    asked = met = 0
    for kind in all_kinds():
        if "name" in kind.fields:
            of_kind = _known(kind)
            asked += len(of_kind)
            for remote_id, values, _ in kind.read(client, StoredLinks(), list(of_kind)) if of_kind else ():
                met += values["name"] == of_kind.get(remote_id)
    return asked > 0 and met >= asked * ENOUGH


def _known(kind: MirroredKind) -> dict[int, str]:
    rows = (
        MirrorLink.objects.filter(kind=kind.name, remote_id__gt=0).order_by("-pk").values_list("remote_id", "agreed")[:SAMPLE]
    )
    return {remote_id: str(agreed.get("name")) for remote_id, agreed in rows}
