"""Parameters of tasks: what may be given, what counts for a run (T-2), and ids whose things are gone (T-3)."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Field

from tasks_app.models import Schedule, Task
from tasks_app.parameter_fields import NamesField
from tasks_app.parameter_forms import has_parameters
from tasks_app.registry import TaskScheduler
from tasks_app.scheduling.errors import FieldErrors

logger = logging.getLogger(__name__)

NOTHING = 0
"""No row has this id. A list that holds it alone means "none" where an empty list would mean "all" (T-3)."""
_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "yes or no (true or false)"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
    list: ((list, tuple), "a list"),
    dict: ((dict,), "an object"),
}


class InvalidParameters(FieldErrors):
    """A parameter that the task does not have, or a value that it cannot take; ``errors`` has sentences by parameter."""


def effective_parameters(
    task: type[TaskScheduler],
    given: Mapping[str, Any] | None = None,
    *,
    configuration: Mapping[str, Any] | None = None,
    schedule: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What counts for one run: defaults, then the task's configuration, then a schedule's values, then ``given`` (T-2).

    Stored values of parameters that the task no longer has are left out; unknown ones in ``given`` are refused, and so is a
    value of another kind than the default. Nothing of the result is shared with what was stored.
    Raises :class:`InvalidParameters`.
    """
    asked = without_private(given or {})
    if task.default_parameters is None:
        return {**(configuration or {}), **(schedule or {}), **asked}
    refuse_unknown(task, asked)
    stored = {**(configuration or {}), **(schedule or {})}
    storable = task.default_parameters.keys() - task.internal_parameters
    left_out = sorted(stored.keys() - storable)
    if left_out:
        logger.warning("[TASKS] %s has no parameter %s any more; stored values are ignored", task.name, ", ".join(left_out))
    known = {name: value for name, value in stored.items() if name in storable}
    merged = {**task.default_parameters, **known, **asked}
    errors = {
        name: [f"{name} must be {problem}."]
        for name, value in merged.items()
        if (problem := _other_kind(task.default_parameters[name], value))
    }
    if errors:
        raise InvalidParameters(errors)
    return merged


def stored_configuration(task_id: str) -> dict[str, Any]:
    """The parameters that the operator set for every run of the task; empty while it has no row."""
    found = Task.objects.filter(task_id=task_id).values_list("configuration", flat=True).first()
    return found if isinstance(found, dict) else {}


def clean_parameters(task: type[TaskScheduler], given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` as it may be stored or run: private keys dropped, unknown ones refused, values checked by their fields.

    Only what was given is returned. Raises :class:`InvalidParameters`.
    """
    asked = without_private(given)
    if task.default_parameters is None and not has_parameters(task):
        return asked
    refuse_unknown(task, asked, internal_too=True)
    fields = task.parameter_fields() if asked and has_parameters(task) else {}
    defaults = task.default_parameters or {}
    cleaned: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in asked.items():
        try:
            cleaned[name] = _clean(fields.get(name), value, defaults.get(name))
        except ValidationError as problem:
            errors[name] = list(problem.messages)
        except ValueError as problem:
            errors[name] = [str(problem)]
    if errors:
        raise InvalidParameters(errors)
    return cleaned


def without_private(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` without the keys that begin with an underscore (T-2)."""
    return {name: value for name, value in values.items() if not str(name).startswith("_")}


def refuse_unknown(task: type[TaskScheduler], given: Mapping[str, Any], *, internal_too: bool = False) -> None:
    """Raise :class:`InvalidParameters` for names that the task does not have, or that people may not give."""
    if task.default_parameters is None:
        return
    offered = task.default_parameters.keys() - task.internal_parameters
    known = ", ".join(sorted(offered)) or "none"
    unknown = sorted(given.keys() - (offered if internal_too else task.default_parameters.keys()))
    if unknown:
        raise InvalidParameters({name: [f"{task.name} has no parameter {name[:40]}. It has: {known}."] for name in unknown})


def without_vanished(task: type[TaskScheduler], stored: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """``stored`` without ids of things that are gone, and the parameters of which nothing is left by that (T-3)."""
    kept = dict(stored)
    emptied: list[str] = []
    if not has_parameters(task) or not any(isinstance(value, list) and value for value in stored.values()):
        return kept, emptied
    for name, field in task.parameter_fields().items():
        chosen = stored.get(name)
        if not isinstance(field, NamesField) or not isinstance(chosen, list) or not chosen or chosen == [NOTHING]:
            continue
        left = [key for key in chosen if key in field.known]
        if len(left) == len(chosen):
            continue
        kept[name] = left if left or field.none_allowed else [NOTHING]
        if not left:
            emptied.append(name)
    return kept, emptied


def parameter_schema(task: type[TaskScheduler]) -> list[dict[str, Any]]:
    """The task's form as plain values, for programs that draw their own; empty for a task without parameters."""
    defaults = task.default_parameters or {}
    return [_field_schema(name, field, defaults.get(name)) for name, field in task.parameter_fields().items()]


def schedules_with_parameters() -> list[Schedule]:
    """Schedules that hold values of their own."""
    return list(Schedule.objects.exclude(parameters={}).order_by("pk"))


def _clean(field: Field | None, value: Any, default: Any) -> Any:
    if value is None and default is None:
        return None
    if field is None:
        problem = _other_kind(default, value)
        if problem:
            raise ValueError(f"This must be {problem}.")
        return value
    if isinstance(default, bool) is not isinstance(value, bool):
        wanted = "must be yes or no" if isinstance(default, bool) else "cannot be"
        raise ValidationError(f"This {wanted} (true or false).")
    cleaned = field.clean(value)
    return default if cleaned is None else cleaned


def _other_kind(default: Any, value: Any) -> str:
    """What ``value`` should be instead, or "" when it is of the kind of the default."""
    kinds, words = _KINDS.get(type(default), ((), ""))
    if not kinds or (isinstance(value, kinds) and (isinstance(default, bool) or not isinstance(value, bool))):
        return ""
    return words


def _field_schema(name: str, field: Field, default: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "name": name,
        "label": str(field.label or name),
        "help": str(field.help_text),
        "type": _type_word(field, default),
        "required": field.required,
        "default": default,
    }
    for limit in ("min_value", "max_value"):
        if getattr(field, limit, None) is not None:
            schema[limit.removesuffix("_value")] = getattr(field, limit)
    choices = getattr(field, "choices", None)
    if choices is not None:
        schema["choices"] = [
            {"value": value, "label": str(label), "badge": getattr(label, "badge", "")} for value, label in choices
        ]
    return schema


def _type_word(field: Field, default: Any) -> str:
    if getattr(field, "choices", None) is not None:
        return "list" if isinstance(field, NamesField) or isinstance(default, list) else "choice"
    if isinstance(default, bool):
        return "boolean"
    return "integer" if isinstance(default, int) or hasattr(field, "max_value") else "text"
