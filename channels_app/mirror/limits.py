"""What the server accepts, checked before anything is sent: it answers some of these with 500 and no reason (NOTES §9)."""

from collections.abc import Mapping

from tasks_app.mirror.kinds import Values


def text_problem(label: str, text: str, *, longest: int, required: bool = False) -> str:
    """Why the server would not take a text, as a sentence that says what to do; "" = it would."""
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        return f"The {label} holds a character that Dispatcharr cannot store. Type it again."
    if required and not text.strip():
        return f"Dispatcharr needs a {label}. Enter one."
    if len(text.strip()) > longest:
        return f"Dispatcharr keeps {longest} characters of a {label}, and this one has {len(text.strip())}. Shorten it."
    return ""


def first_problem(values: Values, limits: Mapping[str, tuple[str, int, bool]]) -> str:
    """The first of :func:`text_problem` among ``values``; ``limits``: field → (label, longest, required)."""
    for name, (label, longest, required) in limits.items():
        if name in values:
            problem = text_problem(label, values[name], longest=longest, required=required)
            if problem:
                return problem
    return ""
