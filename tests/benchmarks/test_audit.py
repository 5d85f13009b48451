"""The audit finds no fault in our judges, and every fault in families made with one."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from reasonrl.benchmarks.audit import answers
from reasonrl.benchmarks.audit.answers import Kind
from reasonrl.benchmarks.audit.child import Outcome, Request, audit, shorten
from reasonrl.benchmarks.audit.command import AuditConfig, main
from reasonrl.benchmarks.audit.subjects import same_answer, subject_names
from reasonrl.benchmarks.audit.trials import Check, Traps
from reasonrl.envs.datasets import DATASETS
from reasonrl.envs.families import FAMILIES
from reasonrl.envs.registry import environment_ids

BROKEN = Path(__file__).with_name("broken_families.py")
GSM8K = Path(__file__).resolve().parents[3] / "shared" / "data" / "gsm8k"


def examine(name: str, *, problems: int = 1, difficulty: int | None = 1, deadline: float = 30.0) -> Outcome:
    data = next(map(str, sorted(GSM8K.glob("t*.jsonl"))), None)
    return audit(Request(name, data, problems, 0, difficulty), deadline=deadline)


@pytest.mark.parametrize("name", ["countdown", "knights_knaves", "list_program"])
def test_no_family_of_ours_has_a_fault(name: str) -> None:
    outcome = examine(name, difficulty=2)
    assert outcome.findings == []
    assert outcome.complete
    assert all(outcome.tried[check] > 0 for check in Check)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FAMILIES, *DATASETS])
def test_no_judge_of_ours_has_a_fault_at_any_difficulty(name: str) -> None:
    if name in DATASETS and not (GSM8K.is_dir() and name == "gsm8k"):
        pytest.skip("the published data set is not here")
    assert examine(name, problems=3, difficulty=None).findings == []


def examine_broken(name: str) -> Outcome:
    return examine(f"{BROKEN}:{name}", problems=3 if name == "Moody" else 1)  # Moody is moody from problem to problem


broken = functools.cache(examine_broken)
"""One audit of each family made with a fault: a process takes seconds, and several claims are about the same one."""


def test_a_sound_family_has_no_fault() -> None:
    outcome = broken("Sound")
    assert outcome.findings == []
    assert set(outcome.tried) == set(Check)


def test_a_judge_may_run_its_own_reference_that_an_answer_repeats_and_nothing_else_of_it() -> None:
    script = (
        "from reasonrl.benchmarks.audit.watch import Watch\n"
        "watch = Watch(('canary',), references=frozenset({'1+1'}))\n"
        "for answer in ('1+1', '2+2', '\"canary\"'):\n"
        "    watch.begin(answer)\n"
        "    eval(answer)\n"
        "    print(len(watch.end()))\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["0", "1", "1"]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("Evaluates", Check.ISOLATION),
        ("PaysAConstant", Check.IMPOSTORS),
        ("PaysLength", Check.FARMING),
        ("PaysSteps", Check.FARMING),
        ("Raises", Check.ERRORS),
        ("Fails", Check.ERRORS),
        ("Slow", Check.SPEED),
        ("Pedantic", Check.FORMATS),
        ("Moody", Check.FORMATS),
        ("Literal", Check.FORMATS),
        ("Deaf", Check.GOLD),
    ],
)
def test_a_fault_is_found_by_the_check_that_is_for_it(name: str, check: Check) -> None:
    outcome = broken(name)
    assert outcome.faults(check) > 0
    others = {finding.check for finding in outcome.findings} - {check}
    assert others <= ({Check.FORMATS, Check.FARMING} if name == "Deaf" else set()), others


def test_code_that_is_run_leaves_its_trace() -> None:
    faults = " ".join(finding.fault for finding in broken("Evaluates").findings)
    for trace in ("executes", "starts a process", "opens a file", "uses a socket", "it has made a file"):
        assert trace in faults


def test_a_judge_that_hangs_is_ended_and_the_rest_is_tried() -> None:
    outcome = audit(Request(f"{BROKEN}:Hangs", None, 1, 0, 1), deadline=1.5)
    assert outcome.faults(Check.SPEED) > 0
    assert {finding.check for finding in outcome.findings} == {Check.SPEED}
    assert any("9**9**9**9" in finding.answer for finding in outcome.findings)
    assert outcome.tried[Check.FARMING] > 0
    assert outcome.complete


def test_an_audit_repeats() -> None:
    first, second = broken("PaysAConstant"), examine_broken("PaysAConstant")
    assert first == second
    assert first.findings != []


def test_the_command_writes_json_and_tells_a_fault_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "audit.json"
    main(AuditConfig(ids=(f"{BROKEN}:Sound",), problems=1, difficulty=1, out=str(out)))
    judge = json.loads(out.read_text())["judges"][0]
    assert judge["faults"] == dict.fromkeys(map(str, Check), 0)
    assert judge["tried"]["impostors"] > 100
    with pytest.raises(SystemExit) as stop:
        main(AuditConfig(ids=(f"{BROKEN}:PaysAConstant",), problems=1, difficulty=1, out=str(out)))
    assert stop.value.code == 1
    assert "a wrong answer earns 1" in capsys.readouterr().out
    assert json.loads(out.read_text())["judges"][0]["findings"][0]["check"] == "impostors"


def test_every_id_names_something_to_audit() -> None:
    data = dict.fromkeys(DATASETS, "file")
    for each in environment_ids():
        assert set(subject_names([each], data)) <= {*FAMILIES, *DATASETS}
    assert subject_names([], {}) == list(FAMILIES)
    assert subject_names(["MathReason-v0", "countdown"], {}).count("countdown") == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (AuditConfig(ids=("gsm8k",)), "pass --data gsm8k=<file>"),
        (AuditConfig(ids=("countdwon",)), "unknown environment"),
        (AuditConfig(ids=("nowhere.py:Family",)), "there is no file"),
        (AuditConfig(data=("gsm8k",)), "name=file"),
        (AuditConfig(peer="nobody"), "unknown peer"),
        (AuditConfig(problems=0), "at least 1"),
        (AuditConfig(ids=("chain_sum",), difficulty=99), "difficulties 1 to"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(config: AuditConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        main(config)


@pytest.mark.parametrize("kind", Kind)
def test_twenty_formats_are_tried_where_an_answer_has_a_format(kind: Kind) -> None:
    texts = list(answers.formats(kind, "so 41\nAnswer: 41", "41"))
    assert len({text.label for text in texts}) == len(texts)
    assert len(texts) >= (6 if kind is Kind.BARE else 20)


def test_a_constant_that_happens_to_be_right_is_no_impostor() -> None:
    def tried(final: str) -> set[str]:
        return {text.text for text in answers.impostors(Kind.LINE, "?", final, "9", same=same_answer)}

    assert "Answer: 42" not in tried("42")
    assert "Answer: 42" not in tried("42.0")
    assert "Answer: 42" in tried("43")


def test_what_is_shown_of_an_answer_is_short_and_the_same_in_every_run() -> None:
    traps = Traps("/tmp/somewhere/canary", 4711)
    assert shorten("open('/tmp/somewhere/canary'); ('127.0.0.1', 4711)", traps) == (
        "open('<canary>'); ('127.0.0.1', <port>)"
    )
    assert len(shorten("\ud800" * 1000, traps)) < 400
