"""Local models as they are found: each opens, and samples the same alone and in a batch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch
import transformers
from reasonrl.agents.policies import decoding
from reasonrl.agents.policies.core import Finish, Sampling, Unit
from reasonrl.agents.policies.local import LocalPolicy, end_tokens
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.sampler import generate as sample
from reasonrl.agents.policies.thoughts import ends_here, opened_by
from reasonrl.envs.core import END
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State
from reasonrl.envs.vocabulary import HFVocabulary
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from .conftest import CHARS, random_llama, speaker

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
THINKS = CHATML.replace("assistant\n", "assistant\n<think>\n")
NO_SYSTEM = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "<t>{{ m.role }}\n{{ m.content }}</t>\n{% endfor %}<t>model\n"
)


def byte_tokenizer(*, template: str = "", adds_bos: bool = False, **options: Any) -> Any:
    """256 bytes and the specials asked for."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    fast: Any = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **options)  # type: ignore[no-untyped-call]
    if adds_bos:
        first = (fast.bos_token, fast.bos_token_id)
        fast.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first[0]} $A", special_tokens=[first]
        )
    if template:
        fast.chat_template = template
    return fast


class Kind(NamedTuple):
    architecture: str
    tokenizer: dict[str, Any]
    config: Mapping[str, Any] = MappingProxyType({})
    generation: dict[str, Any] | None = None
    more_embeddings: int = 0


BOTH: dict[str, Any] = {"bos_token": "<s>", "eos_token": "</s>"}
CHAT: dict[str, Any] = {"eos_token": "<|im_end|>", "additional_special_tokens": ["<|im_start|>"]}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 2}
WINDOW = {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 1e4,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
KINDS = {
    "no pad token, no chat template": Kind("Llama", BOTH),
    "a tokenizer that adds its start mark": Kind("Llama", BOTH | {"adds_bos": True, "template": NO_SYSTEM}),
    "padding on the left, a short model_max_length": Kind("Llama", BOTH | {"padding_side": "left", "pad_token": "<p>"}),
    "a sliding window": Kind("Mistral", BOTH, {"sliding_window": 8}),
    "a sliding window in some layers": Kind("Qwen2", {"eos_token": "</s>"}, WINDOW),
    "positions of its own": Kind("GPTNeoX", {"bos_token": "</s>", "eos_token": "</s>"}),
    "a context that ends in the answer": Kind("GPT2", {"eos_token": "</s>"}, {**GPT2, "n_positions": 150}),
    "absolute positions with an offset": Kind("OPT", BOTH, {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "pad token equals end token": Kind("Llama", CHAT | {"pad_token": "<|im_end|>", "template": CHATML}),
    "several end tokens": Kind(
        "Llama", BOTH | {"additional_special_tokens": ["<eom>"]}, generation={"eos_token_id": [256, 257, 258]}
    ),
    "no system message": Kind("Gemma2", BOTH | {"template": NO_SYSTEM}, {"head_dim": 8, "sliding_window": 16}),
    "a template that opens a thought": Kind("Qwen3", CHAT | {"template": THINKS}, {"head_dim": 8}),
    "more embeddings than tokens": Kind("Llama", {"eos_token": "</s>"}, more_embeddings=37),
    "fewer embeddings than tokens": Kind(
        "Llama", BOTH | {"additional_special_tokens": ["<x1>", "<x2>"]}, more_embeddings=-2
    ),
    "no end token": Kind("Llama", {}, {"eos_token_id": None, "bos_token_id": None}),
    "an end token in the settings only": Kind("Llama", {}, {"eos_token_id": 5, "bos_token_id": None}),
    "tied weights": Kind("Llama", BOTH, {"tie_word_embeddings": True}),
    "scaled positions": Kind("Llama", BOTH, {"rope_parameters": LLAMA3}),
    "experts": Kind("Mixtral", BOTH, {"num_local_experts": 4}),
}


def save(kind: Kind, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
    tokenizer = byte_tokenizer(**kind.tokenizer)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer) + kind.more_embeddings,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "initializer_range": 0.3,
        "pad_token_id": None,
    }
    if kind.architecture == "GPT2":
        sizes = {"vocab_size": sizes["vocab_size"], "initializer_range": 0.3}
    if kind.architecture not in ("GPT2", "GPTNeoX", "OPT"):
        sizes["num_key_value_heads"] = 2
    config = getattr(transformers, f"{kind.architecture}Config")(**sizes | dict(kind.config))
    name = {"GPT2": "GPT2LMHeadModel"}.get(kind.architecture, f"{kind.architecture}ForCausalLM")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = getattr(transformers, name)(config)
    model.to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if kind.generation is not None:
        settings: Any = transformers.GenerationConfig
        settings(**kind.generation).save_pretrained(folder)


START = State(generate(get_family("chain_sum"), "test", 0).view)
STATES = [START, START._replace(steps=("1+1=2", "2+2=4"))]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_alone_and_in_a_batch_the_same_samples(kind: Kind, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(kind, tmp_path)
        policy = get_policy(str(tmp_path))
        for sampling in (Sampling(Unit.STEP, 1.0, 6), Sampling(Unit.SOLUTION, 1.0, 12)):
            together = policy.propose(STATES, [2, 1], [1, 2], sampling)
            for state, count, key, found in zip(STATES, [2, 1], [1, 2], together, strict=True):
                (alone,) = policy.propose([state], [count], [key], sampling)
                assert [p._replace(logprob=0.0) for p in alone] == [p._replace(logprob=0.0) for p in found]
                assert [p.logprob for p in alone] == pytest.approx([p.logprob for p in found], abs=1e-3)


def test_half_precision_opens_as_it_lies_there(tmp_path: Path) -> None:
    save(KINDS["tied weights"], tmp_path, dtype=torch.bfloat16)
    assert get_policy(str(tmp_path)).propose(STATES[:1], [1], [0], Sampling(Unit.STEP, 1.0, 4))[0]


def test_a_model_with_a_running_state_says_so(tmp_path: Path) -> None:
    config = transformers.MambaConfig(vocab_size=258, hidden_size=16, num_hidden_layers=1, state_size=4)
    transformers.MambaForCausalLM(config).save_pretrained(tmp_path)
    byte_tokenizer(**BOTH).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="a mamba model keeps a running state instead of keys and values"):
        get_policy(str(tmp_path)).propose(STATES[:1], [1], [0], Sampling())


def test_only_tokens_that_are_no_text_end_an_answer(tmp_path: Path) -> None:
    save(KINDS["several end tokens"], tmp_path)
    policy = get_policy(str(tmp_path))
    assert isinstance(policy, LocalPolicy)
    assert policy.vocabulary.eos == 257
    assert end_tokens(policy.model, policy.vocabulary) == {256, 257, 258}
    config: Any = policy.model.generation_config
    config.eos_token_id = [65, 258, 999]  # a letter, an end token, and none of the model's
    assert end_tokens(policy.model, policy.vocabulary) == {258}


def test_each_end_token_ends_the_answer() -> None:
    letter = CHARS.encode("b")[0]
    model = speaker({"\n": {"a": 1.0}, "a": {"b": 1.0}, "b": {"c": 1.0}})
    prompt = CHARS.encode_prompt("?", "")
    ((plain,),) = sample(model, CHARS, [prompt], [1], [0], Sampling(Unit.SOLUTION, 1.0, 3))
    ((ended,),) = sample(model, CHARS, [prompt], [1], [0], Sampling(Unit.SOLUTION, 1.0, 3), ends=frozenset({letter}))
    assert (CHARS.decode(plain.tokens), plain.finish) == ("abc", Finish.LENGTH)
    assert (CHARS.decode(ended.tokens), ended.finish) == ("ab", Finish.END)


def test_a_vocabulary_without_an_end_token_has_one_that_nobody_says() -> None:
    vocabulary = HFVocabulary(byte_tokenizer(), name="bytes")
    assert (vocabulary.eos, vocabulary.size) == (256, 257)
    assert (vocabulary.allowed[vocabulary.eos], vocabulary.breaks[vocabulary.eos]) == (0, False)
    assert len(vocabulary.allowed) == len(vocabulary.breaks) == vocabulary.size


@pytest.mark.parametrize(
    ("line", "so_far", "expected"),
    [
        ("Answer: 4", "1+3=4\nAnswer: 4", True),
        ("Answer: 3?", "<think>\nAnswer: 3?", False),
        ("Answer: 4", "<think>\nAnswer: 3?\n</think>\nAnswer: 4", True),
        ("</think>Answer: 4", "<think>\nAnswer: 3?\n</think>Answer: 4", True),
        ("</think>", "<think>\nAnswer: 3?\n</think>", False),
        ("1+3=4", "1+3=4", False),
    ],
)
def test_an_answer_line_in_a_thought_ends_nothing(line: str, so_far: str, expected: bool) -> None:
    assert ends_here(line, lambda: so_far, lambda line: line.startswith("Answer:")) is expected


def test_a_thought_that_the_template_opens_is_seen(tmp_path: Path) -> None:
    thinking = HFVocabulary(byte_tokenizer(**CHAT, template=THINKS), name="thinks")
    plain = HFVocabulary(byte_tokenizer(**CHAT, template=CHATML), name="chat")
    assert opened_by(thinking.encode_prompt("1+1=?", "Answer: <number>."), thinking) == "<think>\n"
    assert opened_by(plain.encode_prompt("1+1=?", "Answer: <number>."), plain) == ""
    assert opened_by(CHARS.encode_prompt("1+1=?", ""), CHARS) == ""


def test_a_local_answer_comes_without_its_thought(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<think>\nAnswer: 3? no\n</think>\nAnswer: 4\nAnswer: 5\n"
    recited = iter(CHARS.encode(text))
    nothing = torch.zeros(1)
    monkeypatch.setattr(decoding, "draw", lambda *_: (torch.tensor([next(recited)]), nothing))
    policy = LocalPolicy(random_llama(max_position_embeddings=512), CHARS)
    ((only,),) = policy.propose(STATES[:1], [1], [0], Sampling(Unit.SOLUTION, 0.0, 60))
    assert (only.action, only.finish) == ("Answer: 4" + END, Finish.END)
    assert only.tokens == text.index("\nAnswer: 5") + 1
