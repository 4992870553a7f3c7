"""Checks the cells of a row. Everything that is wrong with a row is told at once (10 §20.2)."""

from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.channel_fields import FIELDS, clean_name, clean_number, clean_text
from channels_app.commands import FieldValue
from channels_app.edit_groups import GROUP_NAME_LENGTH
from channels_app.lineup_csv.cells import split_addresses
from channels_app.lineup_csv.reading import LineProblem, SheetRow

_FIELD_OF = {"channel_number": "number", "tvg_id": "tvg_id", "gracenote_id": "gracenote_id", "logo_url": "logo_url"}
FIELD_COLUMNS = {"name": "name", **_FIELD_OF}


@dataclass(frozen=True)
class CsvRow:
    """A row that can be used. ``values`` holds the fields whose columns the file has; ``group`` and ``urls`` are None when
    their columns are missing."""

    line: int
    values: dict[str, FieldValue] = field(default_factory=dict)
    group: str | None = None
    urls: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return str(self.values["name"])

    @property
    def number(self) -> Decimal | None:
        number = self.values.get("number")
        return number if isinstance(number, Decimal) else None

    @property
    def tvg_id(self) -> str:
        return str(self.values.get("tvg_id") or "")


def check_row(row: SheetRow) -> CsvRow | LineProblem:
    """The row as values, or all that is wrong with it."""
    values: dict[str, FieldValue] = {}
    problems: list[str] = []
    for column, name in FIELD_COLUMNS.items():
        if column not in row.cells:
            continue
        try:
            values[name] = _read(name, row.cells[column])
        except ValueError as error:
            problems.append(f"{column}: {error}")
    group = None
    if "group_name" in row.cells:
        try:
            group = clean_text(row.cells["group_name"], longest=GROUP_NAME_LENGTH)
        except ValueError as error:
            problems.append(f"group_name: {error}")
    if problems:
        return LineProblem(row.line, tuple(problems))
    urls = tuple(split_addresses(row.cells["stream_urls"])) if "stream_urls" in row.cells else None
    return CsvRow(row.line, values, group, urls)


def _read(name: str, cell: str) -> FieldValue:
    if name == "name":
        return clean_name(cell)
    if name == "number":
        return _positive(cell)
    return FIELDS[name].clean(cell)


def _positive(cell: str) -> Decimal | None:
    try:
        number = clean_number(cell)
    except ValueError as error:
        if cell.strip().startswith("-") and _is_number(cell.strip()[1:]):
            raise ValueError("The number must be positive.") from None
        raise error from None
    if number is not None and number <= 0:
        raise ValueError("The number must be positive.")
    return number


def _is_number(text: str) -> bool:
    try:
        return clean_number(text) is not None
    except ValueError:
        return False
