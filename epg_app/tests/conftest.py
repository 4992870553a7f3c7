from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from epg_app import mapped_entries
from epg_app.tests.samples import FileGuide, Mapping


@pytest.fixture
def file_guide(db: None, tmp_path: Path) -> Callable[..., FileGuide]:
    """Makes sources that read a file in a folder of this test."""

    def make(name: str = "Guide", **values: Any) -> FileGuide:
        return FileGuide(tmp_path, name, **values)

    return make


@pytest.fixture
def guide(file_guide: Callable[..., FileGuide]) -> FileGuide:
    return file_guide()


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    mapping = Mapping()
    mapped_entries.register_mapping(mapping)
    yield mapping
    mapped_entries._providers.remove(mapping)
