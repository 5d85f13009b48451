"""Vocabularies turn text into tokens and back, and say where lines end."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import RETRY, Speaker
from reasonrl.envs.vector import VectorReasonEnv
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers import hub

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " \n"
MERGED = (".\n", "\n ", "\n  ", ";\n")
"""Tokens of more than one character: a break at their end, or with the start of the next line behind it."""


@given(text=st.text(PRINTABLE))
def test_printable_ascii_survives(text: str) -> None:
    chars = get_vocabulary("char")
    assert chars.decode(chars.encode(text)) == text


@given(text=st.text(max_size=40))
def test_any_text_has_tokens(text: str) -> None:
    chars = get_vocabulary("char")
    ids = chars.encode(text)
    assert all(0 <= index < chars.size for index in ids)
    assert chars.decode(ids).isascii()


def test_what_has_a_plain_relative_is_folded_and_the_rest_becomes_a_question_mark() -> None:
    chars = get_vocabulary("char")
    assert chars.decode(chars.encode("café \u2212 \u201cx\u201d \u4f60")) == 'cafe - "x" ?'


def test_only_the_line_break_breaks_and_specials_are_not_actions() -> None:
    chars = get_vocabulary("char")
    assert np.flatnonzero(chars.breaks).tolist() == chars.encode("\n")
    assert np.flatnonzero(chars.allowed == 0).tolist() == [chars.pad, 1]
    assert chars.allowed[chars.eos] == 1
    assert not chars.allowed.flags.writeable


def test_a_vocabulary_is_made_once() -> None:
    assert get_vocabulary("char") is get_vocabulary("char")
    with pytest.raises(ValueError, match="unknown vocabulary 'bytes': use 'char', or 'hf:'"):
        get_vocabulary("bytes")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a small tokenizer of the Hugging Face kind that merges line breaks with their neighbours."""
    tokenizers, transformers = pytest.importorskip("tokenizers"), pytest.importorskip("transformers")
    pieces = ["<pad>", "<eos>", *PRINTABLE, *MERGED]
    model = tokenizers.models.BPE(
        vocab={piece: index for index, piece in enumerate(pieces)}, merges=[(piece[:-1], piece[-1]) for piece in MERGED]
    )
    inner = tokenizers.Tokenizer(model)
    inner.decoder = tokenizers.decoders.Fuse()
    folder = tmp_path_factory.mktemp("tokenizer")
    outer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<eos>", pad_token="<pad>", clean_up_tokenization_spaces=False
    )
    outer.save_pretrained(folder)
    return f"hf:{folder}"


def test_lines_that_begin_inside_a_token_keep_their_beginning(tokenizer: str) -> None:
    env = gym.make("reasonrl/ChainSum-v0", vocabulary=tokenizer, render_mode="ansi").unwrapped
    assert isinstance(env, ReasonEnv)
    vocabulary = env.mdp.vocabulary
    text = "def f(x):\n  y = x.\n  z;\n\n  return 1\nx.\n.\n;\n b"
    ids = vocabulary.encode(text)
    assert len(ids) < len(text) - 4
    assert vocabulary.decode(ids) == text
    env.reset(seed=0)
    for token in ids:
        env.step(token)
    assert env.problem is not None
    lines = [line for line in text.split("\n") if line.strip()]
    assert env.get_state().steps == tuple(lines[:-1])
    shown = [*(f"{line}  [unparsable]" for line in lines[:-1]), lines[-1]]
    assert env.render() == "\n".join([env.problem.view.prompt, *shown])
    env.step(vocabulary.eos)
    assert env.get_state().steps == tuple(lines)


def test_an_answer_cannot_write_a_control_token(tokenizer: str) -> None:
    vocabulary = get_vocabulary(tokenizer)
    ids = vocabulary.encode("x<eos>y")
    assert vocabulary.eos not in ids
    assert vocabulary.decode(ids) == "x<eos>y"


def test_an_answer_line_is_final_when_a_merged_token_ends_it(tokenizer: str) -> None:
    env = gym.make("reasonrl/ChainSum-v0", vocabulary=tokenizer).unwrapped
    assert isinstance(env, ReasonEnv)
    env.reset(seed=0)
    assert env.problem is not None
    terminated = False
    info: dict[str, Any] = {}
    for token in env.mdp.vocabulary.encode(f"Answer: {env.problem.reference.value}\n "):
        assert not terminated
        _, _, terminated, _, info = env.step(token)
    assert terminated
    assert info["outcome"] == 1.0


@pytest.mark.filterwarnings("error::UserWarning")
def test_environments_keep_their_contract_with_another_vocabulary(tokenizer: str) -> None:
    for level in ("token", "choice"):
        check_env(gym.make("reasonrl/ChainSum-v0", vocabulary=tokenizer, level=level, attempts=2).unwrapped)


def test_the_vector_environment_reads_merged_tokens_alike(tokenizer: str) -> None:
    one = gym.make("reasonrl/ChainSum-v0", vocabulary=tokenizer, attempts=2).unwrapped
    many = gym.make_vec("reasonrl/ChainSum-v0", num_envs=2, vocabulary=tokenizer, attempts=2)
    assert isinstance(one, ReasonEnv)
    assert isinstance(many, VectorReasonEnv)
    one.reset(options={"index": 1})
    many.reset(options={"index": [1, 1]})
    for token in one.mdp.vocabulary.encode("a\n b.\n  c\nAnswer: 1\n  d;\n e"):
        one.step(token)
        many.step(np.array([token, token]))
        assert many.get_state(0) == one.get_state()
    wrong, told = one.get_state().turns
    assert wrong == (Speaker.POLICY, "a\n b.\n  c\nAnswer: 1")
    assert told == (Speaker.ENVIRONMENT, RETRY)
    assert one.get_state().steps == ("d;",)  # feedback stands between: what followed the answer line is dropped


def test_a_tokenizer_that_cannot_be_had_is_told_of_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(hub, "answers", lambda address, *, patience: False)
    expected = r"no folder some/model-7b, no copy of it in the hub's cache, and .* within 5 s"
    with pytest.raises(FileNotFoundError, match=expected):
        gym.make("reasonrl/ChainSum-v0", level="token", vocabulary="hf:some/model-7b")
    with pytest.raises(ValueError, match=f"no tokenizer could be opened at {tmp_path}"):
        get_vocabulary(f"hf:{tmp_path}")
