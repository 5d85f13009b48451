"""The rules as pure functions: what a transition depends on, and what it does not."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reasonrl.envs.core import END
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import MDP, RETRY, Speaker, State, Stop, last_token
from reasonrl.envs.registry import open_source
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.core import Status, Verdict, failed

PROBLEM = generate(get_family("chain_sum"), "train", 3, 1)
RIGHT = f"Answer: {PROBLEM.reference.value}"


def mdp(level: str = "step", **options: object) -> MDP:
    return MDP(open_source("chain_sum"), level=level, vocabulary=get_vocabulary("char"), **options)  # type: ignore[arg-type]


def judge(answer: str) -> Verdict:
    return get_family("chain_sum").verify(PROBLEM, answer)


def test_a_step_changes_no_state() -> None:
    rules = mdp()
    start = rules.initial(PROBLEM.view)
    before = pickle.dumps(start)
    first, second = (rules.step(start, "1+1=2", judge) for _ in range(2))
    assert first == second
    assert pickle.dumps(start) == before
    assert start == State(PROBLEM.view)


def test_states_reached_by_the_same_lines_are_the_same_key() -> None:
    rules = mdp()
    found = {rules.step(rules.initial(PROBLEM.view), "1+1=2").state for _ in range(3)}
    assert len(found) == 1


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.sampled_from(["1+1=2", "", "  ", "Plan: go", "Answer: 7", "x"]), max_size=5))
def test_tokens_one_by_one_lead_where_the_lines_do(lines: list[str]) -> None:
    text, by_line, by_token = "\n".join(lines), mdp("step"), mdp("token")
    state = by_line.initial(PROBLEM.view)
    for number, line in enumerate(lines or [""]):
        if not state.done:
            state = by_line.step(state, line + END if number >= len(lines) - 1 else line, judge).state
    chars = by_token.initial(PROBLEM.view)
    ids = [*get_vocabulary("char").encode(text), get_vocabulary("char").eos]
    for token in ids:
        if not chars.done:
            chars = by_token.step(chars, token, judge).state
    assert chars.steps == state.steps
    assert (chars.stop, state.stop) in {(Stop.ANSWER, Stop.ANSWER), (Stop.END, Stop.END)}
    assert chars.answer == state.answer


def test_an_answer_line_ends_the_episode_and_what_follows_is_dropped() -> None:
    state = mdp().step(mdp().initial(PROBLEM.view), f"{RIGHT}\nAnswer: 0\nmore", judge).state
    assert (state.steps, state.stop) == ((RIGHT,), Stop.ANSWER)


def test_an_answer_without_its_line_break_is_not_finished() -> None:
    rules = mdp("token")
    state = rules.initial(PROBLEM.view)
    ids = get_vocabulary("char").encode(RIGHT + "\n")
    for token in ids[:-1]:
        state = rules.step(state, token, judge).state
    assert not state.done
    assert last_token(state.tokens) == ids[-2]
    assert rules.unfinished(state) == RIGHT
    transition = rules.step(state, ids[-1], judge)
    assert (transition.outcome, transition.terminated, transition.state.stop) == (1.0, True, Stop.ANSWER)


def test_without_a_judge_nothing_is_rewarded_or_told() -> None:
    transition = mdp(attempts=3).step(mdp().initial(PROBLEM.view), RIGHT)
    assert (transition.reward, transition.terminated, transition.verdict) == (0.0, True, None)


def test_a_judge_that_fails_truncates() -> None:
    transition = mdp().step(mdp().initial(PROBLEM.view), RIGHT, lambda _: failed("out of order"))
    assert (transition.outcome, transition.terminated, transition.truncated) == (0.0, False, True)
    assert transition.state.stop is Stop.ERROR
    assert transition.verdict is not None
    assert transition.verdict.status is Status.ERROR


def test_an_over_episode_takes_no_action() -> None:
    over = mdp().step(mdp().initial(PROBLEM.view), RIGHT).state
    with pytest.raises(ValueError, match=r"the episode is over \(stop reason 'answer'\)"):
        mdp().step(over, "more")


@pytest.mark.parametrize(("max_steps", "stop"), [(1, Stop.STEPS), (2, Stop.RUNNING)])
def test_the_last_step_truncates_unless_it_answers(max_steps: int, stop: Stop) -> None:
    rules = mdp(max_steps=max_steps)
    assert rules.step(rules.initial(PROBLEM.view), "1+1=2", judge).state.stop is stop
    assert rules.step(rules.initial(PROBLEM.view), RIGHT, judge).terminated


def test_truncation_keeps_the_potential_and_termination_does_not() -> None:
    first = mdp(shaped=True).menu(mdp().initial(PROBLEM.view))
    rules = mdp(shaped=True, gamma=0.5, max_steps=1)
    start = rules.initial(PROBLEM.view)
    good = max(first, key=lambda line: get_family("chain_sum").potential(PROBLEM.view, (line,)))
    transition = rules.step(start, good, judge)
    assert transition.truncated
    assert transition.shaping == 0.5 * 1.0 - 0.0  # one partial result is all of a sum of two terms
    more = mdp(shaped=True, gamma=0.5)
    ended = more.step(more.step(more.initial(PROBLEM.view), good).state, RIGHT, judge)
    assert (ended.shaping, ended.outcome, ended.state.potential) == (0.5 * 0.0 - 1.0, 1.0, 0.0)


def test_feedback_is_text_that_the_next_attempt_sees() -> None:
    rules = mdp("token", attempts=2)
    state = rules.initial(PROBLEM.view)
    chars = get_vocabulary("char")
    for token in chars.encode("Answer: 12345\n"):
        state = rules.step(state, token, judge).state
    assert state.turns == ((Speaker.POLICY, "Answer: 12345"), (Speaker.ENVIRONMENT, RETRY))
    assert state.attempt == 2
    assert chars.decode(memoryview(state.tokens).cast("i").tolist()) == f"Answer: 12345\n\n{RETRY}\n"
    assert (state.count, state.steps, rules.unfinished(state)) == (14, (), "")


def test_menus_are_remembered_by_content() -> None:
    rules = mdp("choice")
    start = rules.initial(PROBLEM.view)
    assert rules.menu(start) is rules.menu(pickle.loads(pickle.dumps(start)))
    after = [rules.step(start, choice).state for choice in range(len(rules.menu(start)))]
    assert [state.steps for state in after] == [(line,) for line in rules.menu(start)]
    assert sum(rules.menu(state) != rules.menu(start) for state in after) == 1  # only the right line leads on
