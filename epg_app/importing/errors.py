"""The one exception of reading and refreshing guides."""


class GuideError(Exception):
    """A guide cannot be taken; ``str()`` is a sentence for the operator. The old guide stays.

    ``transient`` = trying again later may help (timeout, server trouble).
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient
