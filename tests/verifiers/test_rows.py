"""One reader for rows: containers, encodings and line ends as files have them; what is broken is named by its line."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from reasonrl.verifiers.rows import read_rows

A, B = '{"a": 1}', '{"a": 2}'
TWO = [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n",
        f"{A}\n{B}",
        f"{A}\r\n{B}\r\n",
        f"{A}\r{B}\r",
        f"\n\n{A}\n  \n{B}\n\n",
        f"\ufeff{A}\n{B}\n",
        f"{A}\n\ufeff{B}\n",
        f"\ufeff\n{A}\n{B}\n",
        f"[{A}, {B}]",
        f"[\n  {A},\n  {B}\n]\n",
        f"\ufeff[\r\n{A},\r\n{B}\r\n]",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_two_rows_are_two_rows_however_they_are_written(text: str, packed: bool, tmp_path: Path) -> None:
    content = text.encode()
    (tmp_path / "rows").write_bytes(gzip.compress(content, mtime=0) if packed else content)
    rows = list(read_rows(str(tmp_path / "rows")))
    assert [row.value for row in rows] == TWO
    assert not any(row.error for row in rows)


def test_utf_16_is_read_where_its_mark_says_so(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(f"{A}\n{B}\n".encode("utf-16"))
    assert [row.value for row in read_rows(str(tmp_path / "rows"))] == TWO


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\\u0000"])
def test_only_line_breaks_end_a_row(inside: str, tmp_path: Path) -> None:
    (tmp_path / "rows").write_text(f'{{"a": "x{inside}y"}}\n{A}\n', encoding="utf-8")
    rows = list(read_rows(str(tmp_path / "rows")))
    assert [row.error for row in rows] == ["", ""]
    assert rows[0].value["a"].startswith("x")


@pytest.mark.parametrize(
    ("text", "number", "says"),
    [
        (f"{A}\n\n{{", 3, "not a JSON object"),
        (f"{A}\n{A},\n{B}", 2, "comma"),
        (f"{A},\n{B},\n", 1, "comma"),
        (f"{A}\n{{'a': 1}}\n{B}", 2, "not a JSON object"),
        (f"[\n{A},\n{B},\n]", 4, "ends in an error"),
    ],
)
def test_a_broken_row_is_named_by_its_line(text: str, number: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(text)
    broken = next(row for row in read_rows(str(tmp_path / "rows.jsonl")) if row.error)
    assert broken.number == number
    assert f"rows.jsonl, line {number}: " in broken.error
    assert says in broken.error


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00", "UTF-8"),
        ("{'é': 1}".encode("latin-1"), "UTF-8"),
        (gzip.compress(b"[]", mtime=0)[:-4], "cannot be unpacked"),
        (b"PAR1rest", "Parquet"),
        (b"PK\x03\x04", "zip"),
    ],
)
def test_what_is_not_text_is_told_in_a_sentence(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        list(read_rows(str(tmp_path / "rows")))


@pytest.mark.parametrize(("name", "mark"), [("rows.csv", ","), ("rows.TSV", "\t"), ("rows.csv.gz", ",")])
def test_a_table_names_its_columns_and_a_cell_may_reach_over_lines(name: str, mark: str, tmp_path: Path) -> None:
    text = f'\ufeffa{mark} b\r\n1{mark}"two, ""2""\nlines"\r\n\r\n3{mark}\u2028\r\n'.encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    rows = list(read_rows(str(tmp_path / name)))
    assert [row.value for row in rows] == [{"a": "1", "b": 'two, "2"\nlines'}, {"a": "3", "b": "\u2028"}]
    assert [row.number for row in rows] == [2, 5]


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("a,b\n1\n1,2\n", [2, 0]),
        ("a,b\n1,2,3\n1,2\n", [2, 0]),
        ('a,b\n1,2\n1,"2', [0, 3]),
        ('a,b\n"1"x,2\n', [2]),
    ],
)
def test_a_broken_row_of_a_table_is_named_by_its_line(text: str, errors: list[int], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(text)
    rows = list(read_rows(str(tmp_path / "rows.csv")))
    assert [row.number if row.error else 0 for row in rows] == errors
    assert all(f"rows.csv, line {row.number}: " in row.error for row in rows if row.error)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,a\n1,2\n")
    with pytest.raises(ValueError, match="two columns have one name"):
        list(read_rows(str(tmp_path / "rows.csv")))


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO(f"{A}\n{B}\n")
    monkeypatch.setattr("sys.stdin", stream)
    rows = read_rows("-")
    assert next(rows).value == {"a": 1}
    assert stream.tell() < len(f"{A}\n{B}\n")
