"""What is wrong with given values, by field."""


class FieldErrors(ValueError):
    """``errors`` has sentences by field name; "" stands for the whole."""

    def __init__(self, errors: dict[str, list[str]] | str) -> None:
        self.errors = {"": [errors]} if isinstance(errors, str) else errors
        super().__init__(" ".join(text for texts in self.errors.values() for text in texts))
