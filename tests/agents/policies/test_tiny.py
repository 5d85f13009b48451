"""The embedded model's folder: opened by transformers alone, with the ids of our own characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from reasonrl.agents.policies.core import Sampling, Unit
from reasonrl.agents.policies.llama import is_plain_llama
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.tiny import FOLDER, build_config, build_model, build_tokenizer, save_tiny
from reasonrl.envs.core import END
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State
from reasonrl.envs.vocabulary import CharVocabulary, get_vocabulary
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

CHARS = get_vocabulary("char")
SMALL = {"hidden_size": 32, "layers": 2, "heads": 2, "kv_heads": 1, "intermediate_size": 48}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny(build_model(build_config(**SMALL), seed=0), folder)
    return folder


def test_the_folder_is_whole_and_small(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= names
    assert "chat_template.jinja" in names


def test_the_default_is_about_a_million_parameters_and_below_four_megabytes() -> None:
    model = build_model(seed=0)
    count = sum(p.numel() for p in model.parameters())
    assert 0.9e6 < count < 1.8e6
    assert 2 * count < 4e6  # two bytes each
    assert is_plain_llama(model)


ODD = "\u00e9 \u201cquoted\u201d 3\N{MINUS SIGN}2 \N{MULTIPLICATION SIGN} 4"
TEXTS = ("1+2=3", "".join(map(chr, range(32, 127))), "two\nlines\n\n", ODD, "\u65e5\u672c", "", " \t  x", "a\rb")


@pytest.mark.parametrize("text", TEXTS)
def test_the_tokenizer_has_the_ids_of_the_characters(folder: Path, text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.encode(text, add_special_tokens=False) == CHARS.encode(text)
    assert tokenizer.encode(text) == [CharVocabulary.bos, *CHARS.encode(text)]
    assert tokenizer.decode(CHARS.encode(text)) == CHARS.decode(CHARS.encode(text))


def test_the_special_tokens_are_the_same(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)
    assert len(tokenizer) == CharVocabulary.size == len(build_tokenizer())
    assert tokenizer.convert_ids_to_tokens(list(range(99))) == list(CharVocabulary.tokens)


def test_a_reload_gives_the_same_logits(folder: Path, tmp_path: Path) -> None:
    original = build_model(build_config(**SMALL), seed=0)
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = torch.tensor([CHARS.encode_prompt("12+34=?", "")])
    with torch.no_grad():
        first, second = original(ids).logits, loaded(ids).logits
    torch.testing.assert_close(first, second, atol=2e-3, rtol=0)  # float16 rounds the weights once
    assert original.dtype == torch.float32
    save_tiny(loaded, tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    with torch.no_grad():
        assert torch.equal(again(ids).logits, second)
    assert (tmp_path / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_weights_are_a_function_of_the_seed_and_leave_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    one, same, other = (build_model(build_config(**SMALL), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [torch.nn.utils.parameters_to_vector(model.parameters()) for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_model_that_has_diverged_is_not_saved(tmp_path: Path) -> None:
    model = build_model(build_config(**SMALL), seed=0)
    with torch.no_grad():
        next(model.parameters())[0, 0] = float("nan")
    with pytest.raises(ValueError, match="diverged"):
        save_tiny(model, tmp_path)


def test_a_question_in_a_chat_is_what_the_environments_show() -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(FOLDER)
    question = [{"role": "user", "content": "12+34=?"}]
    expected = CHARS.encode_prompt("12+34=?", "")
    for content in ("12+34=?", [{"type": "text", "text": "12+34=?"}]):
        asked = [{"role": "user", "content": content}]
        assert tokenizer.apply_chat_template(asked, add_generation_prompt=True)["input_ids"] == expected
    assert tokenizer.apply_chat_template(question, tokenize=False) == "<bos>12+34=?\n"
    answered = [*question, {"role": "assistant", "content": "Answer: 46"}]
    assert tokenizer.apply_chat_template(answered, tokenize=False) == "<bos>12+34=?\nAnswer: 46<eos>"
    told = [*answered, {"role": "user", "content": "Sure?"}]
    assert tokenizer.apply_chat_template(told, tokenize=False) == "<bos>12+34=?\nAnswer: 46<eos>\nSure?\n"
    begun = [*question, {"role": "assistant", "content": "10+3"}]
    assert tokenizer.apply_chat_template(begun, tokenize=False, continue_final_message=True) == "<bos>12+34=?\n10+3"


def test_the_chat_template_marks_what_the_model_says() -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(FOLDER)
    messages = [{"role": "user", "content": "1+1=?"}, {"role": "assistant", "content": "2"}]
    found = tokenizer.apply_chat_template(messages, return_assistant_tokens_mask=True, return_dict=True)
    assert [i for i, said in zip(found["input_ids"], found["assistant_masks"], strict=True) if said] == [
        *CHARS.encode("2"),
        CHARS.eos,
    ]


def test_a_chat_pipeline_speaks_as_the_policy_does() -> None:
    state = State(generate(get_family("chain_sum"), "test", 0, 1).view)
    speaks: Any = pipeline("text-generation", model=str(FOLDER), dtype=torch.float32)
    chat = [{"role": "user", "content": state.view.prompt}]
    answer = speaks(chat, max_new_tokens=48, do_sample=False)[0]["generated_text"][-1]["content"]
    ((proposal,),) = get_policy("tiny").propose([state], [1], [0], Sampling(Unit.SOLUTION, 0.0, 48))
    assert answer.strip() == proposal.action.removesuffix(END)


def test_the_shipped_tokenizer_is_the_one_that_is_built(tmp_path: Path) -> None:
    build_tokenizer().save_pretrained(tmp_path)
    for name in ("tokenizer.json", "chat_template.jinja"):
        assert (tmp_path / name).read_text() == (FOLDER / name).read_text()
