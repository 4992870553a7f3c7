"""Numbers and names as they stand in a sentence to the operator."""


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 channel", "1,204 channels"; ``many`` is for nouns whose plural is not made with "s"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shortened(name: str, longest: int = 60) -> str:
    """A name that may be thousands of letters long, as provider names can be, cut to ``longest`` letters."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
