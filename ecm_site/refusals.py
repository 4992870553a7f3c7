"""How use cases say no to values that somebody typed."""

from collections.abc import Mapping


class ValuesRefused(Exception):
    """The values cannot be saved; ``errors`` has one sentence per field that is wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)
