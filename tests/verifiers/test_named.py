"""Own code by name: a file's or a module's, with a sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from reasonrl.verifiers.named import is_place, load_named


@pytest.mark.parametrize("name", ["my.py:f", "./a/my.py:f", "/tmp/my.py:Class", "package.module:f"])
def test_a_place_is_a_file_or_a_dotted_module(name: str) -> None:
    assert is_place(name)


@pytest.mark.parametrize(
    "name", ["mcts", "mcts:logprob", "my.py", "my.py:", "openai:m.x@http://host:80/v1", "a/b.c", "mcts:a+b", ":f"]
)
def test_names_of_other_kinds_are_no_places(name: str) -> None:
    assert not is_place(name)


def test_a_file_is_loaded_once_and_again_after_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass(frozen=True)\nclass Thing:\n    size: int = 3\n"
    )
    first = load_named(f"{path}:Thing", what="a thing")
    assert first().size == 3
    assert load_named(f"{path}:Thing", what="a thing") is first
    path.write_text("Thing = 5  # something else\n")
    import os

    os.utime(path, ns=(1, 1))
    assert load_named(f"{path}:Thing", what="a thing") == 5
    assert load_named("json.decoder:JSONDecoder", what="a thing").__name__ == "JSONDecoder"


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("x = 1", "other.py:x", "there is no file .*name a thing as file.py:name"),
        ("search = 1", "my.py:serch", "did you mean 'search'"),
        ("x = 1", "my.py:zzz", "has no 'zzz': name a thing that is there"),
        ("x = 1\ny = = 2", "my.py:x", "line 2: SyntaxError"),
        ("x = 1\n\ny = 1 / 0", "my.py:x", "line 3: ZeroDivisionError"),
        ("import nothing_such", "my.py:x", "line 1: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_a_sentence(text: str, name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text(text)
    with pytest.raises(ValueError, match=says):
        load_named(str(tmp_path / name), what="a thing")


def test_a_module_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"nothing\.such cannot be imported"):
        load_named("nothing.such:x", what="a thing")
