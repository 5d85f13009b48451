"""Sampling: the right distribution, log-probabilities that a trainer reproduces, noise that is each sequence's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from reasonrl.agents.policies.core import Finish, Sampling, Unit
from reasonrl.agents.policies.logprobs import token_logprobs
from reasonrl.agents.policies.sampler import Sample, generate
from reasonrl.verifiers.answers import is_answer_line
from transformers import PreTrainedModel

from .conftest import CHARS, random_llama, speaker

ALLOWED = torch.from_numpy(CHARS.allowed.astype(bool))
PROMPTS = [CHARS.encode_prompt(text, "") for text in ("1+2", "", "Given: p, p -> q", "7*6=", "1+2")]
COUNTS, KEYS = (2, 1, 8, 2, 3), (11, 12, 13, 14, 15)
FREE = Sampling(Unit.SOLUTION, 1.0, 16)


def sample(model: PreTrainedModel, sampling: Sampling, *, max_lanes: int = 64) -> list[list[Sample]]:
    return generate(model, CHARS, PROMPTS, COUNTS, KEYS, sampling, max_lanes=max_lanes)


@pytest.mark.parametrize("temperature", [1.0, 0.7, 0.0])
def test_logprobs_agree_with_a_teacher_forced_pass(model: PreTrainedModel, temperature: float) -> None:
    found = sample(model, Sampling(Unit.SOLUTION, temperature, 16))
    model.train(False)
    for prompt, samples in zip(PROMPTS, found, strict=True):
        for tokens, logprobs, _ in samples:
            ids = torch.tensor([[*prompt, *tokens]])
            with torch.no_grad():
                logits = model(ids).logits[:, len(prompt) - 1 : -1]
            taught = token_logprobs(logits, ids[:, len(prompt) :], temperature, ALLOWED)[0]
            torch.testing.assert_close(torch.tensor(logprobs), taught, atol=1e-4, rtol=0)


@pytest.mark.parametrize("temperature", [1.0, 0.7, 0.0])
def test_tokens_do_not_depend_on_the_batch(model: PreTrainedModel, temperature: float) -> None:
    sampling = Sampling(Unit.SOLUTION, temperature, 16)
    together = sample(model, sampling, max_lanes=64)
    alone = sample(model, sampling, max_lanes=1)
    some = sample(model, sampling, max_lanes=7)
    backwards = generate(model, CHARS, PROMPTS[::-1], COUNTS[::-1], KEYS[::-1], sampling)[::-1]
    expected = [[each.tokens for each in samples] for samples in together]
    for other in (alone, some, backwards):
        assert [[each.tokens for each in samples] for samples in other] == expected


def test_samples_differ_by_key_and_by_number() -> None:
    found = sample(random_llama(), FREE)
    assert len({each.tokens for each in found[2]}) == 8
    assert found[0][0].tokens != found[4][0].tokens  # the same prompt under another key


def test_more_samples_begin_with_the_same_ones() -> None:
    model = random_llama()
    few = generate(model, CHARS, PROMPTS[:1], [2], [5], FREE)
    many = generate(model, CHARS, PROMPTS[:1], [6], [5], FREE)
    assert [each.tokens for each in many[0][:2]] == [each.tokens for each in few[0]]


def test_padding_and_the_start_mark_are_never_said() -> None:
    model = speaker({"^": {"a": 1.0}})
    with torch.no_grad():
        model.lm_head.weight[CHARS.pad] = model.lm_head.weight[CHARS.bos] = 3.0
    (only,) = generate(model, CHARS, PROMPTS[:1], [20], [0], Sampling(max_tokens=8))
    assert not {CHARS.pad, CHARS.bos} & {token for each in only for token in each.tokens}


def say(follows: dict[str, dict[str, float]], sampling: Sampling, final: Callable[[str], bool] | None = None) -> Sample:
    """What a speaker says after the line break of its prompt."""
    prompt = CHARS.encode_prompt("?", "")
    return generate(speaker(follows), CHARS, [prompt], [1], [0], sampling, is_final=[final] if final else None)[0][0]


def test_a_step_ends_at_the_line_break() -> None:
    tokens, logprobs, finish = say({"^": {"a": 1.0}, "a": {"b": 1.0}, "b": {"^": 1.0}}, Sampling())
    assert CHARS.decode(tokens) == "ab\n"
    assert len(logprobs) == 3
    assert finish is Finish.STEP


def test_a_blank_line_is_not_a_step() -> None:
    model = speaker({"^": {" ": 1.0}, " ": {"^": 0.5, "a": 0.5}, "a": {"^": 1.0}})
    (found,) = generate(model, CHARS, [CHARS.encode_prompt("?", "")], [16], [1], Sampling(max_tokens=60))
    texts = {CHARS.decode(each.tokens) for each in found}
    assert len(texts) > 1  # some begin with blank lines
    assert {text.strip() for text in texts} == {"a"}


def test_the_end_token_ends_a_step() -> None:
    tokens, _, finish = say({"^": {"a": 1.0}, "a": {"$": 1.0}}, Sampling())
    assert tokens[-1] == CHARS.eos
    assert finish is Finish.END


def test_a_solution_goes_on_to_its_answer_line() -> None:
    follows = {"^": {"A": 1.0}, **{a: {b: 1.0} for a, b in zip("Answer", "nswer:", strict=True)}, ":": {"^": 1.0}}
    tokens, _, finish = say(follows, Sampling(Unit.SOLUTION), is_answer_line)
    assert CHARS.decode(tokens) == "Answer:\n"
    assert finish is Finish.END
    tokens, _, finish = say(follows, Sampling(Unit.SOLUTION, max_tokens=20))
    assert CHARS.decode(tokens) == "Answer:\nAnswer:\nAnsw"
    assert finish is Finish.LENGTH


def test_max_tokens_cuts_off() -> None:
    tokens, _, finish = say({"^": {"a": 1.0}, "a": {"a": 1.0}}, Sampling(max_tokens=5))
    assert CHARS.decode(tokens) == "aaaaa"
    assert finish is Finish.LENGTH


def test_the_context_cuts_off_long_sequences_only(model: PreTrainedModel) -> None:
    prompts = [[1] + [30] * 89, [1, 30]]
    near, far = generate(model, CHARS, prompts, [2, 14], [0, 1], FREE)
    assert all(len(each.tokens) == 6 or each.finish is Finish.END for each in near)
    assert any(len(each.tokens) > 6 for each in far)
    alone = generate(model, CHARS, prompts[1:], [14], [1], FREE)[0]
    assert [(each.tokens, each.finish) for each in far] == [(each.tokens, each.finish) for each in alone]


def test_a_prompt_beyond_the_context_is_refused(model: PreTrainedModel) -> None:
    with pytest.raises(ValueError, match=r"prompt of 96 tokens .* context of 96"):
        generate(model, CHARS, [[5] * 96], [1], [0], FREE)


def test_greedy_samples_of_one_prompt_are_all_the_same() -> None:
    (found,) = generate(random_llama(), CHARS, PROMPTS[:1], [5], [0], Sampling(Unit.SOLUTION, 0.0, 9))
    assert len(found) == 5
    assert len(set(found)) == 1


def test_no_samples_are_drawn_where_none_are_wanted() -> None:
    assert generate(random_llama(), CHARS, PROMPTS[:2], [0, 1], [0, 1], FREE)[0] == []


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="temperature must be at least 0"):
        sample(random_llama(), Sampling(temperature=-1.0))
    with pytest.raises(ValueError, match="go together"):
        generate(random_llama(), CHARS, PROMPTS, [1], [1], FREE)
