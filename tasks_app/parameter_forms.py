"""Forms drawn from what tasks say about their parameters: in schedules, in the task's configuration, for "Run now" (T-2).

A layer stores what it changes and nothing else, so a later change of the layer below still reaches it.
"""

from collections.abc import Mapping
from typing import Any

from django import forms

from tasks_app.registry import TaskScheduler

PREFIX = "p"


def has_parameters(task: type[TaskScheduler]) -> bool:
    """Whether the task asks for anything, without drawing the fields: those look up names."""
    return getattr(task.parameter_fields, "__func__", None) is not getattr(TaskScheduler.parameter_fields, "__func__", None)


def parameter_form(
    task: type[TaskScheduler],
    data: Mapping[str, Any] | None,
    shown: Mapping[str, Any],
    *,
    name: str = "",
) -> forms.Form:
    """The fields of ``task``, filled with ``shown``, the values that count as long as nothing is typed.

    ``name`` keeps the ids apart when a page has several such forms. Chosen things that no longer exist are not offered, so
    they leave with the next save (T-3).
    """
    form = forms.Form(data, initial=dict(shown), prefix=PREFIX, auto_id=f"id_{name}_%s" if name else "id_%s")
    form.fields.update(task.parameter_fields())
    return form


def changes_of(form: forms.Form, below: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What this layer is to store: the typed values that differ from the layers below, and those it stored before.

    ``stored`` is what the layer holds now; what the form does not show stays as it is. Call after ``is_valid()``.
    """
    changed = {name: value for name, value in stored.items() if name not in form.fields}
    for name, value in form.cleaned_data.items():
        if value != below.get(name) or (name in stored and value is not None):
            changed[name] = value
    return changed
