"""Long JSON lists are read record by record, whatever the provider writes into them."""

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3u_app.providers.json_stream import JsonDamaged, JsonIsNoList, iter_records, load_document

RECORDS = [{"num": index, "name": f'Ch {index} "é" }},{{ ]', "list": [1, {"x": None}], "n": -1.5e3} for index in range(40)]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(data: bytes, chunk_bytes: int = 4096) -> list[dict[str, Any]]:
    return list(iter_records(io.BytesIO(data), chunk_bytes=chunk_bytes))


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 64, 4096])
def test_a_list_comes_out_whole_wherever_the_chunks_are_cut(chunk_bytes: int) -> None:
    assert read(json.dumps(RECORDS, ensure_ascii=False).encode(), chunk_bytes) == RECORDS


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=6), st.integers(1, 50))
def test_any_list_of_objects_survives(records: list[dict[str, Any]], chunk_bytes: int) -> None:
    assert read(json.dumps(records).encode(), chunk_bytes) == records


@given(st.binary(max_size=200), st.integers(1, 50))
def test_garbage_never_raises_anything_but_its_own_errors(data: bytes, chunk_bytes: int) -> None:
    with contextlib.suppress(JsonDamaged, JsonIsNoList):
        read(data, chunk_bytes)


def test_a_byte_order_mark_and_bad_bytes_cost_nothing() -> None:
    assert read(b'\xef\xbb\xbf[{"name": "caf\xe9"}]') == [{"name": "caf�"}]


def test_an_object_with_numeric_keys_is_a_list_that_php_wrote() -> None:
    assert read(b'{"0": {"a": 1}, "7": {"b": 2}}') == [{"a": 1}, {"b": 2}]


def test_members_that_are_no_objects_are_passed_over() -> None:
    assert read(b'[null, 5, "x", [1], {"a": 1}]') == [{"a": 1}]


def test_a_number_of_thousands_of_digits_costs_only_its_own_value() -> None:
    records = read(b'[{"num": ' + b"9" * 6000 + b'}, {"num": 2}]')
    assert records[1] == {"num": 2}
    assert isinstance(records[0]["num"], str)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n\x00", "empty"),
        (b"[", "breaks off"),
        (b'[{"a": 1},', "breaks off"),
        (b'[{"a": 1}', "breaks off"),
        (b'[{"a": 1} {"b": 2}]', "not valid JSON"),
        (b"<html>login</html>", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'[{"a": "' + b"x" * 3_000_000 + b'"}]', "not valid JSON"),
    ],
)
def test_damaged_text_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(JsonDamaged, match=words):
        read(data)


@pytest.mark.parametrize(
    ("data", "document"),
    [(b"null", None), (b'"Blocked"', "Blocked"), (b'{"error": "no"}', {"error": "no"}), (b"{}", {})],
)
def test_another_document_is_handed_over_as_it_is(data: bytes, document: object) -> None:
    with pytest.raises(JsonIsNoList) as caught:
        read(data)
    assert caught.value.document == document


def test_memory_stays_flat_however_long_the_list_is() -> None:
    import tracemalloc

    class Endless(io.RawIOBase):
        """40 MB of records, made while they are read."""

        left = 40_000_000
        record = json.dumps({"name": "x" * 200}).encode() + b","

        def read(self, size: int = -1) -> bytes:
            if self.left == 40_000_000:
                self.left -= 1
                return b"["
            if self.left <= 0:
                return b""
            piece = self.record * (size // len(self.record))
            self.left -= len(piece)
            return piece if self.left > 0 else piece + b"{}]"

    tracemalloc.start()
    count = sum(1 for _ in iter_records(Endless(), chunk_bytes=65_536))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 150_000
    assert peak < 3_000_000


def test_a_short_document_is_decoded_or_refused() -> None:
    assert load_document(b'\xef\xbb\xbf {"a": [1]} ') == {"a": [1]}
    with pytest.raises(JsonDamaged):
        load_document(b"nope")
    with pytest.raises(JsonDamaged):
        load_document(b"")
