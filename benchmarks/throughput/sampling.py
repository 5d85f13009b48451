"""Sampled tokens per second beside `transformers.generate`: same weights, dtype, prompts, samples and lengths.

    python benchmarks/throughput/sampling.py

Both sides sample at temperature 1 from the whole distribution and may not end early. Runs alternate and the best of
each side counts, so that whatever else the machine does hurts both alike. Our side also returns the log-probability of
every token; the last column is how far they are from a teacher-forced pass.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
import tyro
from reasonrl.agents.policies import tiny
from reasonrl.agents.policies.core import Sampling, Unit
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.logprobs import token_logprobs
from reasonrl.agents.policies.options import Dtype, PolicyOptions
from reasonrl.agents.policies.prompts import encode_state
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.sampler import Sample, generate
from reasonrl.envs.core import View
from reasonrl.envs.mdp import State
from reasonrl.envs.registry import open_source
from reasonrl.envs.vocabulary import Vocabulary, get_vocabulary
from rich.console import Console
from rich.table import Table

WORD_PROBLEMS = (
    "A baker sells 48 rolls on Monday and half as many on Tuesday. Each roll costs 2 dollars. How many dollars "
    "does the baker earn on the two days together?",
    "Nora reads 12 pages of a book every evening. The book has 300 pages and she has read for 9 evenings. On "
    "the tenth day she reads 40 pages. How many pages are left?",
    "A train has 8 coaches with 54 seats each. At the first station 137 people get on, at the second 92 get on "
    "and 45 get off. How many seats are still free?",
    "Omar has three times as many stamps as Lena, and Lena has 14 fewer than Ida. Ida has 40 stamps. How many "
    "stamps do the three have together?",
    "A garden is 15 meters long and 9 meters wide. A fence around it costs 7 dollars per meter, and the gate "
    "costs 60 dollars more. What does the whole fence cost?",
    "A tank holds 240 liters. A pump fills it with 18 liters per minute while a leak loses 3 liters per "
    "minute. The tank is a quarter full. After how many minutes is it full?",
    "In a class of 32 pupils a quarter play the piano and 6 play the violin; 2 of them play both. How many "
    "pupils play neither of the two instruments?",
    "Tickets cost 9 dollars for adults and 5 dollars for children. A group of 4 adults and some children pays "
    "81 dollars. How many children are in the group?",
)
"""Of about the length of grade-school word problems; for a model that reads English."""


@dataclass(frozen=True)
class Config:
    """Measures sampling beside transformers' generate."""

    models: tuple[str, ...] = ("tiny", "smollm2")
    """Policies to measure; any local one. tiny gets random weights where it is not shipped yet."""
    prompts: int = 8
    """Different prompts."""
    samples: int = 8
    """Samples of each prompt."""
    tokens: int = 48
    """Tokens of each sample."""
    repeats: int = 3
    """Runs of each side; the best counts."""
    threads: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    """Of torch."""
    dtype: Literal["default", "float32", "bfloat16"] = "default"
    """Of weights and arithmetic, on both sides; default: float32 for a small model, else the faster."""


class Row(NamedTuple):
    name: str
    prompt_tokens: float
    ours: float
    theirs: float
    error: float


def main(config: Config) -> None:
    torch.set_num_threads(config.threads)
    console = Console()
    table = Table(title=f"{config.prompts} prompts x {config.samples} samples x {config.tokens} tokens, {machine()}")
    for heading in ("policy", "prompt tokens", "reasonrl tok/s", "generate tok/s", "ratio", "logprob error"):
        table.add_column(heading, justify="left" if heading == "policy" else "right")
    for name in config.models:
        row = measure(open_policy(name, config, console), config)
        ratio = f"{row.ours / row.theirs:.2f}"
        cells = (f"{row.prompt_tokens:.0f}", f"{row.ours:,.0f}", f"{row.theirs:,.0f}", ratio, f"{row.error:.1e}")
        table.add_row(row.name, *cells)
    console.print(table)


def machine() -> str:
    place = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return f"{place}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def open_policy(name: str, config: Config, console: Console) -> LocalPolicy:
    dtype = None if config.dtype == "default" else getattr(torch, config.dtype)
    if name == "tiny" and not (Path(tiny.FOLDER) / "model.safetensors").is_file():
        console.print("tiny is not shipped yet: measured with random weights of its shape")
        model: Any = tiny.build_model(seed=0)
        model = model.to("cuda" if torch.cuda.is_available() else "cpu", dtype)
        return LocalPolicy(model, get_vocabulary("char"), label="tiny-random")
    short: dict[str, Dtype] = {"default": "auto", "float32": "fp32", "bfloat16": "bf16"}
    policy = get_policy(name, PolicyOptions(dtype=short[config.dtype]))
    if not isinstance(policy, LocalPolicy):
        raise ValueError(f"{name} does not run in this process: name a local policy")
    return policy


def measure(policy: LocalPolicy, config: Config) -> Row:
    model: Any = policy.model.train(False)
    vocabulary = endless(policy.vocabulary)
    prompts = [encode_state(state, vocabulary) for state in states(policy, config.prompts)]
    sampling = Sampling(Unit.SOLUTION, 1.0, config.tokens)
    width = max(map(len, prompts))
    ids = torch.tensor([[vocabulary.pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)

    def ours() -> list[list[Sample]]:
        counts, keys = [config.samples] * len(prompts), range(len(prompts))
        return generate(model, vocabulary, prompts, counts, keys, sampling)

    def theirs() -> Any:
        with torch.inference_mode():
            return model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                num_return_sequences=config.samples,
                min_new_tokens=config.tokens,
                max_new_tokens=config.tokens,
                pad_token_id=vocabulary.pad,
                eos_token_id=vocabulary.eos,
            )

    found, output = ours(), theirs()  # the first run of each warms up
    assert all(len(sample.tokens) == config.tokens for samples in found for sample in samples)
    assert output.shape == (len(prompts) * config.samples, width + config.tokens)
    best = {ours: float("inf"), theirs: float("inf")}
    for _ in range(config.repeats):
        for side in (ours, theirs):
            best[side] = min(best[side], seconds(side))
    total = len(prompts) * config.samples * config.tokens
    mean = sum(map(len, prompts)) / len(prompts)
    return Row(policy.name, mean, total / best[ours], total / best[theirs], error(model, vocabulary, prompts, found))


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def endless(vocabulary: Vocabulary) -> Vocabulary:
    """The same vocabulary, in which a text never ends."""
    changed: Any = copy.copy(vocabulary)
    changed.allowed = vocabulary.allowed.copy()
    changed.allowed[vocabulary.eos] = 0
    found: Vocabulary = changed
    return found


def states(policy: LocalPolicy, count: int) -> list[State]:
    """Problems of the kind that the model is for."""
    if policy.vocabulary.name == "char":
        source = open_source("math")
        return [State(source.problem("test", index).view) for index in range(count)]
    texts = [WORD_PROBLEMS[index % len(WORD_PROBLEMS)] for index in range(count)]
    return [State(View("gsm8k", 0, index, "test", 0, text)) for index, text in enumerate(texts)]


@torch.no_grad()
def error(model: Any, vocabulary: Vocabulary, prompts: Sequence[list[int]], found: Sequence[Sequence[Sample]]) -> float:
    """Largest difference between the log-probabilities of each prompt's first sample and a teacher-forced pass."""
    allowed = torch.from_numpy(vocabulary.allowed.astype(bool)).to(model.device)
    worst = 0.0
    for prompt, samples in zip(prompts, found, strict=True):
        ids = torch.tensor([[*prompt, *samples[0].tokens]], device=model.device)
        taught = token_logprobs(model(ids).logits[:, len(prompt) - 1 : -1], ids[:, len(prompt) :], 1.0, allowed)[0]
        worst = max(worst, float((taught.cpu() - torch.tensor(samples[0].logprobs)).abs().max()))
    return worst


if __name__ == "__main__":
    main(tyro.cli(Config, description=__doc__))
