"""Brings changed channels to the server: one request for each of its bulk calls and 500 channels, whatever differs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from channels_app.mirror.answers import VANISHED
from channels_app.mirror.assign_runs import assign_runs
from channels_app.mirror.channel_targets import Edit, Targets
from channels_app.mirror.channel_values import Reading
from channels_app.mirror.edit_there import PORTION, Problem, edit_channels, link_guide, set_members
from channels_app.mirror.read_there import read_rows
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound, Rejected
from ecm_site.dispatcharr.shapes import Channel
from tasks_app.mirror.kinds import Delivered, LinkBook, Outcome, Postponed, Refused, Values


def deliver_edits(
    client: Dispatcharr, links: LinkBook, edits: Sequence[Edit], *, pictures: Mapping[int, str] | None = None
) -> Iterator[Outcome]:
    """Send what differs, and say for each channel what became of it. Safe to repeat: everything sets values.

    ``pictures``: addresses of logos by their ids there, as far as they are known without asking.
    """
    rest = yield from assign_runs(client, edits)
    for start in range(0, len(rest), PORTION):
        yield from _Portion(client, links, rest[start : start + PORTION], pictures or {}).outcomes()


class _Portion:
    """Up to 500 channels. What drops out on the way is told at once and not sent any further."""

    def __init__(self, client: Dispatcharr, links: LinkBook, edits: Sequence[Edit], pictures: Mapping[int, str]) -> None:
        self._pictures = pictures
        self._client, self._links = client, links
        self._open = {edit.remote_id: edit for edit in edits}
        self._targets = Targets(client, links, [edit.values for edit in edits])
        self._answers: dict[int, Channel] = {}

    def outcomes(self) -> Iterator[Outcome]:
        yield from self._check()
        yield from self._look()
        yield from self._patch()
        yield from self._link_guide()
        yield from self._join_profiles()
        yield from self._delivered()

    def _check(self) -> Iterator[Outcome]:
        for edit in list(self._open.values()):
            problem = self._targets.problem(edit.local_id, edit.values)
            if problem is not None:
                yield self._out(edit, problem)
        self._targets.send_logos([(edit.values, edit.whole) for edit in self._open.values()])
        for edit in list(self._open.values()):
            problem = self._targets.logo_problem(edit.local_id, edit.values)
            if problem is not None:
                yield self._out(edit, problem)

    def _look(self) -> Iterator[Outcome]:
        """Read the channels whose present state decides what is sent: lists of streams, and channels of auto-sync."""
        unseen = [
            edit.remote_id for edit in self._open.values() if edit.row is None and ("stream_ids" in edit.values or edit.auto)
        ]
        rows = {row["id"]: row for row in read_rows(self._client, unseen)}
        for remote_id in unseen:
            edit = self._open[remote_id]
            if remote_id not in rows:
                yield self._out(edit, Postponed(edit.local_id, VANISHED))
            else:
                row = rows[remote_id]
                self._open[remote_id] = replace(edit, row=row, auto=bool(row["auto_created"]))
        self._targets.look_at([edit.row for edit in self._open.values() if edit.row is not None])
        for edit in list(self._open.values()):
            problem = self._targets.cannot_empty(edit)
            if problem is not None:
                yield self._out(edit, problem)

    def _patch(self) -> Iterator[Outcome]:
        bodies = [{"id": edit.remote_id, **body} for edit in self._open.values() if (body := self._targets.body(edit))]
        for answer in edit_channels(self._client, bodies):
            if isinstance(answer, Problem):
                yield self._failed(answer)
                continue
            edit = self._open[answer["id"]]
            row = answer
            if not self._targets.is_as_wanted(edit, row):
                try:
                    row = self._client.channels.update(edit.remote_id, self._targets.body(edit))
                except Rejected as error:
                    yield self._out(edit, Refused(edit.local_id, str(error)))
                    continue
                except NotFound:
                    yield self._out(edit, Postponed(edit.local_id, VANISHED))
                    continue
            self._answers[edit.remote_id] = row

    def _link_guide(self) -> Iterator[Outcome]:
        """Never by PATCH: that links without loading programmes (NOTES §6)."""
        entries = self._targets.entries
        wanted = {
            edit.remote_id: None if edit.values["guide_entry"] is None else entries[edit.values["guide_entry"]]
            for edit in self._open.values()
            if "guide_entry" in edit.values
        }
        for problem in link_guide(self._client, wanted):
            yield self._failed(problem)

    def _join_profiles(self) -> Iterator[Outcome]:
        edits = [edit for edit in self._open.values() if "profile_ids" in edit.values]
        if not edits:
            return
        for local_id, profile_id in self._targets.profiles.items():
            enabled = {edit.remote_id: local_id in edit.values["profile_ids"] for edit in edits if edit.remote_id in self._open}
            for problem in set_members(self._client, profile_id, enabled):
                yield self._failed(problem)

    def _delivered(self) -> Iterator[Outcome]:
        reading = Reading(self._client, self._links, pictures=self._pictures)
        answered = [row for remote_id, row in self._answers.items() if remote_id in self._open]
        told = {remote_id: values for remote_id, values, _ in reading.translated(answered)}
        for edit in self._open.values():
            values: Values = dict(edit.whole)
            if edit.remote_id in told:
                values |= told[edit.remote_id] | {"profile_ids": edit.whole["profile_ids"]}
                if "guide_entry" in edit.values:  # the answer is older than the link
                    values["guide_entry"] = edit.values["guide_entry"]
            row = self._answers.get(edit.remote_id) or edit.row
            yield Delivered(edit.local_id, edit.remote_id, values, {"uuid": row["uuid"]} if row is not None else {})

    def _failed(self, problem: Problem) -> Outcome:
        edit = self._open[problem.channel_id]
        outcome = Postponed(edit.local_id, problem.words) if problem.gone else Refused(edit.local_id, problem.words)
        return self._out(edit, outcome)

    def _out(self, edit: Edit, outcome: Outcome) -> Outcome:
        del self._open[edit.remote_id]
        return outcome
