"""Rows of a file as people have them: JSON Lines, one JSON array, CSV, TSV or Parquet, plain or gzipped.

    for row in read_rows("pairs.jsonl.gz"):
        if row.error: ...            # a sentence that names file and line; the rows after it are still read
        row.value                    # any JSON value; of a table, a dict from column to cell

Line ends may be LF, CRLF or CR, and only these end a line (U+2028 may stand inside a text); blank lines are passed
over; a byte order mark may stand before any line, as it does where files were joined; UTF-16 is read where its mark
says so. A table (`.csv`, `.tsv`) has the names of its columns in the first line, and all its cells are texts.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import importlib
import io
import itertools
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_OTHERS = {b"PK\x03\x04": "a zip archive", b"(\xb5/\xfd": "compressed with zstd"}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


class Row(NamedTuple):
    place: str
    """File and line (or item of an array, or row of a Parquet file), for messages."""
    number: int
    """The line it stands on, or its place in an array; both count from 1."""
    value: Any
    error: str
    """Why it could not be read, "" if it was."""


def read_rows(path: str) -> Iterator[Row]:
    """The rows of a file, in their order; "-" is standard input, read as it comes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read: another encoding, a broken archive, a format that is none of these, or a Parquet
            file where pyarrow is not installed.
    """
    if path == "-":
        return _rows(_of_standard_input(), "standard input")
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {path!r}: pass JSON Lines, a JSON array, CSV or Parquet")
    with file.open("rb") as start:
        if start.read(len(_PARQUET)) == _PARQUET:
            return _parquet(file, path)
    text = _text(file.read_bytes(), path)
    suffix = file.with_suffix("").suffix if file.suffix == ".gz" else file.suffix
    if suffix.lower() in _DELIMITERS:
        return _table(text.lstrip(_MARK), path, _DELIMITERS[suffix.lower()])
    return _rows(text.split("\n" if "\n" in text else "\r"), path)


def _of_standard_input() -> Iterator[str]:
    try:
        yield from sys.stdin
    except UnicodeDecodeError as error:
        raise ValueError("standard input is not text in UTF-8: pass JSON Lines") from error


def _text(content: bytes, name: str) -> str:
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{name} is gzipped but cannot be unpacked ({error}): fetch it again") from error
    for start, what in _OTHERS.items():
        if content.startswith(start):
            raise ValueError(f"{name} is {what}: write its rows as JSON Lines, one object a line")
    try:
        return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not a text file in UTF-8 (byte {error.start}): pass JSON Lines") from error


def _rows(lines: Iterable[str], name: str) -> Iterator[Row]:
    numbered = ((number, line.strip().lstrip(_MARK).strip()) for number, line in enumerate(lines, start=1))
    full = ((number, line) for number, line in numbered if line)
    first = next(full, None)
    if first is None:
        return
    if first[1][0] == "[" or first[1] == "{":  # an array, or one object over many lines
        everything = [first, *full]
        whole = _parse("\n".join(line for _, line in everything))
        if not isinstance(whole, Exception):
            items = whole if isinstance(whole, list) else [whole]
            yield from (Row(f"{name}, item {number}", number, item, "") for number, item in enumerate(items, 1))
            return
        if first[1] in ("[", "{") or len(everything) == 1:
            # in an array of one object a line, positions of the joined text are lines without the blank ones
            at = everything[min(getattr(whole, "lineno", 1), len(everything)) - 1][0]
            yield _broken(name, at, "the JSON that starts on the first line ends in an error here", whole)
            return
        lined: Iterable[tuple[int, str]] = everything
    else:
        lined = itertools.chain([first], full)
    for number, line in lined:
        value = _parse(line)
        if not isinstance(value, Exception):
            yield Row(f"{name}, line {number}", number, value, "")
        elif line.endswith(",") and not isinstance(_parse(line[:-1]), Exception):
            yield _broken(name, number, "there is a comma after the object: drop it, or put the rows in [ ]", value)
        else:
            yield _broken(name, number, "not a JSON object", value)


def _broken(name: str, number: int, what: str, error: Exception) -> Row:
    place = f"{name}, line {number}"
    return Row(place, number, None, f"{place}: {what} ({error})")


def _parse(text: str) -> Any:
    """The value, or the error. Control characters may stand in a text: U+000B does in files of the hub."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        return error


def _table(text: str, name: str, delimiter: str) -> Iterator[Row]:
    """A row is named by the line on which it starts: a quoted cell may reach over several."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _broken(name, number, "the table cannot be read on from here", error)
            return
        if cells is None:
            return
        if not columns:
            columns = [cell.strip() for cell in cells]
            if len(set(columns)) < len(columns):
                raise ValueError(f"{name}, line {number}: two columns have one name ({', '.join(columns)}): rename one")
        elif len(cells) == len(columns):
            yield Row(f"{name}, line {number}", number, dict(zip(columns, cells, strict=True)), "")
        elif cells:
            place = f"{name}, line {number}"
            counts = f"{len(cells)} where the first line names {len(columns)}"
            yield Row(place, number, None, f'{place}: the number of cells is {counts}: put a comma inside a cell in ""')


def _parquet(file: Path, name: str) -> Iterator[Row]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ValueError(
            f"{name} is a Parquet file: to read it, pip install 'reasonrl[parquet]', or write its rows as JSON Lines"
        ) from error
    try:
        batches = parquet.ParquetFile(str(file)).iter_batches()
        values = itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
        for number, value in enumerate(values, 1):
            yield Row(f"{name}, row {number}", number, value, "")
    except (OSError, ValueError) as error:  # pyarrow's own errors are of these kinds
        raise ValueError(f"{name} is a broken Parquet file ({error}): fetch it again") from error
