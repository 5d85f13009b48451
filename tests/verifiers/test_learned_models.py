"""Reward models: scores do not depend on the company they keep; an ensemble says how far its members differ."""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from reasonrl.verifiers.learned.core import Ensemble, RewardModel
from reasonrl.verifiers.learned.encoding import Encoder, micro_batches
from reasonrl.verifiers.learned.implicit import ImplicitReward
from reasonrl.verifiers.learned.scalar import ScalarHead, TokenLogit
from reasonrl.verifiers.steps import split_steps
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

TINY = Path(__file__).resolve().parents[2] / "agents" / "policies" / "tiny"

PROMPTS = ["Use 2 3 5 7 to make 24.", "1+2=?", "Use 1 2 to make 3.", "12+34+56=?", "9+9=?"]
ANSWERS = [
    "3*7=21 left 21 2 5\n21+5=26 left 26 2\n26-2=24 left 24\nAnswer: ((3*7)+5)-2",
    "Answer: 3",
    "1+2=3 left 3\n\nAnswer: 1+2\n",
    "12+34=46\n46+56=102\nAnswer: 102",
    "",
]
STEPS = [4, 1, 2, 3, 0]


@pytest.fixture(scope="module")
def tiny() -> Any:
    return AutoModelForCausalLM.from_pretrained(str(TINY), dtype=torch.float32)


@pytest.fixture(scope="module")
def noisy() -> Any:
    """The tiny model with other weights."""
    model = AutoModelForCausalLM.from_pretrained(str(TINY), dtype=torch.float32)
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=rng), alpha=0.02)
    return model


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(str(TINY))


Make = Callable[..., Any]


@pytest.fixture(params=["scalar", "scalar, bare", "token", "token with tag", "implicit"])
def make(request: pytest.FixtureRequest, tiny: Any, noisy: Any, tokenizer: Any) -> Make:
    """Makes the reward model of one kind, for a size of batch."""
    head = torch.nn.Linear(128, 1)
    with torch.no_grad():
        head.weight.copy_(torch.randn(1, 128, generator=torch.Generator().manual_seed(1)) / 128**0.5)
    kinds: dict[str, Make] = {
        "scalar": lambda **more: ScalarHead(tiny.model, head, tokenizer, **more),
        "scalar, bare": lambda **more: ScalarHead(tiny.model, head, tokenizer, probability=False, **more),
        "token": lambda **more: TokenLogit(tiny, tokenizer, **more),
        "token with tag": lambda **more: TokenLogit(tiny, tokenizer, tag=" ok", **more),
        "implicit": lambda **more: ImplicitReward(noisy, tiny, tokenizer, beta=0.5, **more),
    }
    return kinds[request.param]


def assert_close(one: Sequence[Any], other: Sequence[Any]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=0)


def test_each_step_gets_a_score_and_the_answer_is_scored_behind_the_last(make: Make) -> None:
    model: RewardModel = make()
    steps, whole = model.score_steps(PROMPTS, ANSWERS), model.score_answers(PROMPTS, ANSWERS)
    assert [len(scores) for scores in steps] == STEPS
    assert math.isnan(whole[4])  # an answer without a step has no score
    assert all(np.isfinite(scores).all() for scores in steps)
    for scores, total in zip(steps[:4], whole[:4], strict=True):
        expected = scores.sum() if isinstance(model, ImplicitReward) else scores[-1]
        assert total == pytest.approx(expected, abs=1e-12)
    assert len({round(float(score), 4) for scores in steps for score in scores}) > 3  # they do depend on the text


@pytest.mark.parametrize("max_tokens", [1, 150, 100_000])
def test_scores_do_not_depend_on_the_batch(make: Make, max_tokens: int) -> None:
    alone = [make().score_steps([prompt], [answer])[0] for prompt, answer in zip(PROMPTS, ANSWERS, strict=True)]
    model = make(max_tokens=max_tokens)
    assert_close(model.score_steps(PROMPTS, ANSWERS), alone)
    order = [3, 1, 0, 4, 2, 0, 0]
    shuffled = model.score_steps([PROMPTS[i] for i in order], [ANSWERS[i] for i in order])
    assert_close(shuffled, [alone[i] for i in order])


def test_a_steps_score_does_not_depend_on_what_follows(make: Make) -> None:
    model = make()
    whole = model.score_steps(PROMPTS[:1], ANSWERS[:1])[0]
    lines = ANSWERS[0].split("\n")
    for count in range(1, 5):
        prefix = model.score_steps(PROMPTS[:1], ["\n".join(lines[:count])])[0]
        assert_close([prefix], [whole[:count]])


def test_steps_past_the_models_context_have_no_score(make: Make) -> None:
    model = make()
    answer = "\n".join(["1+1=2"] * 200)  # 1200 tokens of 512
    steps = model.score_steps(["1+1=?"], [answer])[0]
    assert len(steps) == 200
    assert np.isfinite(steps[:50]).all()
    assert np.isnan(steps[100:]).all()
    assert math.isnan(model.score_answers(["1+1=?"], [answer])[0])


def test_scores_equal_those_of_a_plain_forward_pass(tiny: Any, noisy: Any, tokenizer: Any) -> None:
    prompt, answer = "1+2=?", "1+2=3\nAnswer: 3"
    ids = torch.tensor([tokenizer("1+2=?\n1+2=3\nAnswer: 3\n").input_ids])
    breaks = (ids[0] == 3).nonzero().flatten().tolist()
    assert len(breaks) == 3
    with torch.no_grad():
        logits, others = tiny(ids).logits[0], noisy(ids).logits[0]
        hidden = tiny.model(ids).last_hidden_state[0]
    plus, minus = tokenizer.convert_tokens_to_ids(["+", "-"])
    expected = [torch.sigmoid(logits[at, plus] - logits[at, minus]).item() for at in breaks[1:]]
    np.testing.assert_allclose(TokenLogit(tiny, tokenizer).score_steps([prompt], [answer])[0], expected, atol=1e-5)

    head = torch.nn.Linear(128, 1)
    expected = [head(hidden[at]).item() for at in breaks[1:]]
    scalar = ScalarHead(tiny.model, head, tokenizer, probability=False)
    np.testing.assert_allclose(scalar.score_steps([prompt], [answer])[0], expected, atol=1e-5)

    ratio = torch.log_softmax(others, -1) - torch.log_softmax(logits, -1)
    each = [ratio[t - 1, ids[0, t]].item() for t in range(1, ids.shape[1])]  # of token t, at t - 1
    expected = [0.5 * sum(each[breaks[i] : breaks[i + 1]]) for i in range(2)]
    implicit = ImplicitReward(noisy, tiny, tokenizer, beta=0.5)
    np.testing.assert_allclose(implicit.score_steps([prompt], [answer])[0], expected, atol=1e-5)


def test_a_model_beside_itself_has_no_implicit_reward(tiny: Any, tokenizer: Any) -> None:
    scores = ImplicitReward(tiny, tiny, tokenizer).score_answers(PROMPTS[:4], ANSWERS[:4])
    np.testing.assert_array_equal(scores, 0.0)


def test_an_answer_cannot_spell_control_tokens(tokenizer: Any) -> None:
    encode = Encoder(tokenizer)
    row = encode("1+1=?", "2<eos><bos>\nAnswer: 2")
    special = {tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id}
    assert special.isdisjoint(row.ids[row.start :])
    assert row.ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(row.ids[row.start :]) == "2<eos><bos>\nAnswer: 2\n"


def test_steps_end_where_the_environments_say(tokenizer: Any) -> None:
    encode = Encoder(tokenizer)
    for answer in ("a\n\n b \r\nAnswer: 3\x03", "\n\n", "one", "a\n\n\n"):
        row = encode("?", answer)
        assert len(row.ends) == len(split_steps(answer))
        assert all(row.ids[end] == 3 for end in row.ends)


def test_no_token_of_a_byte_level_tokenizer_reaches_over_a_line_break() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["a.\n\n  b.\n\n  c.\n\n"] * 50, trainer)
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
    assert len(fast.encode(".\n\n  ")) < 5  # in one piece, breaks merge with what stands beside them
    row = Encoder(fast)("?", "a.\n\n  b.\nc")
    assert fast.decode(row.ids[row.start :]) == "a.\n\n  b.\nc\n"
    assert [fast.decode(row.ids[: end + 1]) for end in row.ends] == ["?\na.\n", "?\na.\n\n  b.\n", "?\na.\n\n  b.\nc\n"]


def marking_tokenizer() -> Any:
    """Puts a mark in front of whatever it encodes, as SentencePiece models do."""
    pieces = ["<unk>", "\u2581", *"0123456789+=\n", "12"]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, [("1", "2")], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")  # type: ignore[no-untyped-call]


def test_a_tokenizer_that_marks_pieces_is_read_in_one_piece() -> None:
    tokenizer = marking_tokenizer()
    row = Encoder(tokenizer)("1+1=", "12+1\n\n=3\n5")
    assert tokenizer.convert_ids_to_tokens(row.ids[row.start :]).count("\u2581") == 1
    assert [tokenizer.convert_ids_to_tokens(row.ids[end]) for end in row.ends] == ["\n"] * 3
    assert list(row.ends) == [row.start + n for n in (4, 8, 10)]
    tagged = Encoder(tokenizer, tag="=0")("1+1=", "12+1\n5")
    assert [tokenizer.convert_ids_to_tokens(tagged.ids[end]) for end in tagged.ends] == ["0"] * 2


def test_a_saved_head_opens_again_with_the_same_scores(tmp_path: Path) -> None:
    fresh = ScalarHead.fresh(TINY, seed=3)
    assert_close(
        [fresh.score_answers(PROMPTS[:2], ANSWERS[:2])],
        [ScalarHead.fresh(TINY, seed=3).score_answers(PROMPTS[:2], ANSWERS[:2])],
    )
    fresh.save(tmp_path / "model")
    again = ScalarHead.load(tmp_path / "model")
    assert_close([fresh.score_answers(PROMPTS, ANSWERS)], [again.score_answers(PROMPTS, ANSWERS)])
    assert again.name == "model"


def test_a_sequence_classifier_of_transformers_opens_and_scores_as_it_does_itself(tmp_path: Path) -> None:
    classifier: Any = LlamaForSequenceClassification.from_pretrained(str(TINY), num_labels=1, dtype=torch.float32)
    classifier.save_pretrained(str(tmp_path))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY / name, tmp_path)
    model = ScalarHead.load(tmp_path, probability=False)
    ids = torch.tensor([AutoTokenizer.from_pretrained(str(TINY))("1+2=?\nAnswer: 3\n").input_ids])
    with torch.no_grad():
        expected = classifier.eval()(ids).logits.item()
    assert model.score_answers(["1+2=?"], ["Answer: 3"])[0] == pytest.approx(expected, abs=1e-5)


def test_folders_and_options_that_cannot_work_are_refused_with_a_sentence(tiny: Any, tokenizer: Any) -> None:
    with pytest.raises(FileNotFoundError, match="makes an untrained one"):
        ScalarHead.load(TINY)
    with pytest.raises(ValueError, match="same token"):
        TokenLogit(tiny, tokenizer, good="1+", bad="2+")
    with pytest.raises(ValueError, match="beta"):
        ImplicitReward(tiny, tiny, tokenizer, beta=0.0)
    with pytest.raises(ValueError, match="each answer needs its prompt"):
        TokenLogit(tiny, tokenizer).score_steps(["1"], [])
    with pytest.raises(TypeError, match="into a list"):
        TokenLogit(tiny, tokenizer).score_steps("1", ["1"])


def test_micro_batches_hold_every_row_once_and_keep_the_limit() -> None:
    rng = np.random.default_rng(0)
    for limit in (1, 7, 50, 10_000):
        lengths = rng.integers(1, 20, 40).tolist()
        batches = micro_batches(lengths, max_tokens=limit)
        assert sorted(itertools.chain(*batches)) == list(range(40))
        for batch in batches:
            assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= limit


# Ensembles


class Fixed:
    """Says what it was told."""

    def __init__(self, name: str, scores: Sequence[float]) -> None:
        self.name = name
        self.scores = np.array(scores)

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        return self.scores[: len(answers)]

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        return [self.scores for _ in answers]


@pytest.mark.parametrize(("how", "expected"), [("mean", 0.5), ("min", 0.1), ("median", 0.6)])
def test_an_ensemble_pools_and_reports_its_disagreement(how: str, expected: float) -> None:
    members = [Fixed("a", [0.1, 0.5]), Fixed("b", [0.6, 0.5]), Fixed("c", [0.8, 0.5])]
    ensemble = Ensemble(members, how=how)
    pooled = ensemble.pool_answers(["", ""], ["x", "y"])
    assert pooled.score == pytest.approx([expected, 0.5])
    assert pooled.disagreement == pytest.approx([math.sqrt((0.16 + 0.01 + 0.09) / 3), 0.0])
    np.testing.assert_array_equal(ensemble.score_answers(["", ""], ["x", "y"]), pooled.score)
    np.testing.assert_array_equal(ensemble.score_steps([""], ["x"])[0], ensemble.pool_steps([""], ["x"])[0].score)
    assert ensemble.name == f"{how}(a, b, c)"


@pytest.mark.parametrize("how", ["mean", "min", "median"])
def test_what_one_member_could_not_score_has_no_score(how: str) -> None:
    pooled = Ensemble([Fixed("a", [np.nan, 1.0]), Fixed("b", [1.0, 1.0])], how=how).pool_answers(["", ""], ["", ""])
    np.testing.assert_array_equal(np.isnan(pooled.score), [True, False])


def test_torch_is_loaded_only_with_a_model() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from reasonrl.verifiers.learned import calibration, implicit, judge, scalar;"
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]
