"""Why an edit was refused, in words for the operator. Pages, commands and a later API all show the same sentences."""


class EditRefused(Exception):
    """Nothing was changed. ``problems`` maps a field name (or "" for the whole edit) to a sentence that says what to do."""

    def __init__(self, problems: dict[str, str] | str) -> None:
        self.problems = {"": problems} if isinstance(problems, str) else problems
        super().__init__(" ".join(self.problems.values()))


class NotThere(EditRefused):
    """What should be edited was deleted meanwhile."""


class ChangedMeanwhile(EditRefused):
    """Somebody else changed it between reading and writing."""
