"""The corpus: the layout the environment shows, the same stream however it is made."""

from __future__ import annotations

import numpy as np
import pytest
from reasonrl.agents.initialization.corpus import Corpus, draw_document, make_block, open_stream
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import Mixture, Share, make_mixture, split_of
from reasonrl.envs.mdp import MDP, Stop
from reasonrl.envs.registry import open_source
from reasonrl.envs.seeding import generator
from reasonrl.envs.vocabulary import CharVocabulary

CHARS = CharVocabulary()
SUMS = Mixture((Share("chain_sum", (1, 2, 3)),))
CORPUS = Corpus(SUMS, rows=4, row_tokens=96, behaviours=0.5, prompt_weight=0.25)


def documents(corpus: Corpus, index: int) -> list[tuple[list[int], list[int], list[float]]]:
    """(ids, positions, weights) of each document of a block, cut where positions start again."""
    block = make_block(corpus, 0, index)
    found = []
    for tokens, positions, weights in zip(block.tokens_BT, block.positions_BT, block.weights_BT, strict=True):
        starts = [t for t in range(len(tokens)) if tokens[t] == CHARS.bos]
        for start in starts:
            end = start + int(np.argmax(tokens[start:] == CHARS.eos)) + 1
            found.append((tokens[start:end].tolist(), positions[start:end].tolist(), weights[start:end].tolist()))
    return found


def test_a_document_is_what_the_token_environment_would_show_and_accepts() -> None:
    source = open_source("chain_sum")
    family = get_family("chain_sum")
    for index in range(20):
        ids, prompt = draw_document(CORPUS, generator("test", index))
        text = CHARS.decode(ids)
        question, _, answer = text.partition("\n")
        assert ids[:prompt] == CHARS.encode_prompt(question, family.instructions)
        assert ids[-1] == CHARS.eos
        assert not answer.endswith("\n")
        mdp = MDP(source, level="token", vocabulary=CHARS, max_tokens=256)
        state = mdp.initial(source.problem("train", 0).view)
        for token in ids[prompt:]:
            assert not state.done
            state = mdp.step(state, token).state
        assert state.stop is Stop.ANSWER


def test_only_the_train_split_is_drawn_from() -> None:
    prompts = [CHARS.decode(ids).split("\n")[0] for n in range(30) for ids, _, _ in documents(CORPUS, n)]
    assert len(prompts) > 100
    assert {split_of(prompt) for prompt in prompts} == {"train"}


def test_each_document_has_its_own_positions_and_its_loss_lies_on_the_answer() -> None:
    found = documents(CORPUS, 0)
    assert len(found) >= 4
    for ids, positions, weights in found:
        assert positions == list(range(len(ids)))
        prompt = ids.index(CHARS.encode("\n")[0]) + 1
        assert weights[0] == 0.0
        assert set(weights[1:prompt]) == {0.25}
        assert set(weights[prompt:]) == {1.0}


def test_padding_has_no_loss_and_is_little() -> None:
    block = make_block(Corpus(SUMS, rows=16, row_tokens=256), 0, 0)
    padding = block.tokens_BT == CHARS.pad
    assert (block.weights_BT[padding] == 0).all()
    assert padding.mean() < 0.1


def test_a_longer_document_than_a_row_is_left_out_and_counted() -> None:
    block = make_block(Corpus(Mixture((Share("chain_sum", (1, 8)),)), rows=2, row_tokens=48), 0, 0)
    assert block.left_out > 0
    with pytest.raises(ValueError, match="take longer rows"):
        make_block(Corpus(Mixture((Share("chain_sum", (8,)),)), rows=2, row_tokens=16), 0, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_stream_is_the_same_however_many_workers_make_it_and_wherever_it_starts(workers: int) -> None:
    with open_stream(CORPUS, seed=3, first=5, workers=workers) as stream:
        for index in range(5, 10):
            block = next(stream)
            expected = make_block(CORPUS, 3, index)
            assert np.array_equal(block.tokens_BT, expected.tokens_BT)
            assert np.array_equal(block.positions_BT, expected.positions_BT)
            assert np.array_equal(block.weights_BT, expected.weights_BT)
    assert not np.array_equal(make_block(CORPUS, 3, 5).tokens_BT, make_block(CORPUS, 4, 5).tokens_BT)


def test_shares_keep_to_the_levels_of_their_family() -> None:
    assert make_mixture({"chain_sum": 2.0}, {"chain_sum": 2}) == Mixture((Share("chain_sum", (1, 2), 2.0),))
    with pytest.raises(ValueError, match="has difficulties 1 to 8, got 9"):
        make_mixture({"chain_sum": 1.0}, {"chain_sum": 9})
    with pytest.raises(ValueError, match="unknown family 'chain_sun'"):
        make_mixture({"chain_sun": 1.0}, {})
    with pytest.raises(ValueError, match="positive weight"):
        make_mixture({"chain_sum": 0.0}, {})
