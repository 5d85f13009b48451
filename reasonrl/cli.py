"""The `reasonrl` command: a table of subcommands, each a typed config and a `main`, imported only when it is called."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from reasonrl.agents.learning.registry import LEARNERS, find_learner
from reasonrl.verifiers.named import is_place, load_named


class Command(NamedTuple):
    """A row of the table."""

    group: str
    """The heading that it stands under."""
    place: str
    """module:ConfigClass; the module also has `main(config)`."""
    help: str
    """What it does, as a sentence."""


COMMANDS = {
    "quickstart": Command(
        "Begin",
        "reasonrl.benchmarks.quickstart:QuickstartConfig",
        "Search and learn on a laptop, in minutes, and make a page of it.",
    ),
    "list": Command(
        "Environments", "reasonrl.envs.catalogue:ListConfig", "List the environments, with an example of each."
    ),
    "play": Command("Environments", "reasonrl.envs.play:PlayConfig", "Solve a problem yourself, line by line."),
    "solve": Command(
        "Search", "reasonrl.agents.solve:SolveConfig", "Let a policy and a search solve one problem, and see the tree."
    ),
    "bench": Command(
        "Search",
        "reasonrl.benchmarks.bench:BenchConfig",
        "Measure agents on environments, by budget and seed; each result is stored as it comes.",
    ),
    "report": Command(
        "Search", "reasonrl.benchmarks.report:ReportConfig", "Make the table and the page of a stored benchmark."
    ),
    "rescore": Command(
        "Search", "reasonrl.benchmarks.rescore:RescoreConfig", "Judge stored answers anew with today's verifiers."
    ),
    "verify": Command(
        "Verifiers", "reasonrl.verifiers.command:VerifyConfig", "Judge answers: one pair, or a file of them."
    ),
    "audit": Command(
        "Verifiers",
        "reasonrl.benchmarks.audit.command:AuditConfig",
        "Try to fool every verifier, and show what each accepts.",
    ),
    "policy": Command(
        "Learning",
        "reasonrl.agents.initialization.recipe:PolicyConfig",
        "Retrain the shipped tiny policy from nothing.",
    ),
}
"""Name to command; `train NAME` follows from the table of learners (`agents.learning.registry`)."""
EXTRAS = {
    "torch": "torch",
    "transformers": "torch",
    "safetensors": "torch",
    "tokenizers": "torch",
    "tensorboard": "train",
    "stable_baselines3": "sb3",
    "sb3_contrib": "sb3",
    "gguf": "smollm2",
    "httpx": "endpoint",
    "datasets": "hub",
    "pyarrow": "parquet",
    "z3": "z3",
    "math_verify": "math-verify",
    "reasoning_gym": "reasoning-gym",
}
"""Module to the extra that brings it."""


EXAMPLES = (
    "reasonrl play reasonrl/Sudoku4-v0",
    "reasonrl solve reasonrl/Countdown-v0 --agent mcts --tree tree.html",
    "reasonrl bench --env math --agents greedy,my.py:search   (code of your own, wherever a name is taken)",
)


def commands() -> dict[str, Command]:
    """What there is, learners of installed packages included."""
    learners = {name: LEARNERS.place(name) for name in LEARNERS}
    return COMMANDS | {f"train {name}": Command("Learning", *learner) for name, learner in learners.items()}


def usage() -> str:
    """All commands, under their headings."""
    known = commands()
    width = max(map(len, known)) + 2
    lines = [
        "usage: reasonrl COMMAND [OPTIONS]",
        "",
        "Reasoning as a Gymnasium suite: play it, search in it, learn in it, measure.",
    ]
    for group in dict.fromkeys(command.group for command in known.values()):
        lines += ["", f"{group}:", *_rows({name: each for name, each in known.items() if each.group == group}, width)]
    lines += ["", "Examples:", *(f"  {example}" for example in EXAMPLES)]
    return "\n".join([*lines, "", "reasonrl COMMAND --help tells what a command takes."])


def usage_of(group: str, known: Mapping[str, Command]) -> str:
    """The commands that begin with this word: learners, for `train`."""
    lines = [f"usage: reasonrl {group} NAME [OPTIONS]", "", *_rows(known, max(map(len, known)) + 2)]
    if group == "train":
        lines += ["", "A learner of your own goes by its place: reasonrl train my.py:Config."]
    return "\n".join([*lines, "", f"reasonrl {group} NAME --help tells what it takes."])


def _rows(known: Mapping[str, Command], width: int) -> list[str]:
    return [f"  {name:<{width}}{command.help}" for name, command in known.items()]


def find_command(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command's name and the arguments after it."""
    known = commands()
    for words in (2, 1):
        name = " ".join(arguments[:words])
        if name in known:
            return name, list(arguments[words:])
    if arguments[0] == "train" and len(arguments) > 1 and is_place(arguments[1]):
        return " ".join(arguments[:2]), list(arguments[2:])
    group = {name: each for name, each in known.items() if name.startswith(f"{arguments[0]} ")}
    if group:
        if len(arguments) == 1 or arguments[1] in ("-h", "--help"):
            print(usage_of(arguments[0], group))
            raise SystemExit(0 if len(arguments) > 1 else 2)
        near = difflib.get_close_matches(" ".join(arguments[:2]), group, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown command {' '.join(arguments[:2])!r}: {hint}There are {', '.join(group)}")
    near = difflib.get_close_matches(arguments[0], known, n=1)
    raise ValueError(
        f"unknown command {arguments[0]!r}" + (f": did you mean {near[0]!r}?" if near else "\n\n" + usage())
    )


def run(arguments: Sequence[str]) -> None:
    import tyro

    name, rest = find_command(arguments)
    config_class, main = load_command(name)
    main(tyro.cli(config_class, prog=f"reasonrl {name}", args=rest))


def load_command(name: str) -> tuple[Any, Callable[[Any], None]]:
    """The config of a command, and what runs it.

    Raises:
        ValueError: the module of a learner of your own has no `main`.
    """
    known = commands()
    place = known[name].place if name in known else find_learner(name.removeprefix("train ")).place
    module_name, _, config_name = place.rpartition(":")
    if module_name.endswith(".py"):
        config = load_named(place, what="a learner's config")
        module: Any = sys.modules[config.__module__]
    else:
        module = importlib.import_module(module_name)
        config = getattr(module, config_name)
    if not hasattr(module, "main"):
        raise ValueError(f"{place} is no learner, its module has no main(config): see reasonrl.agents.learning.rloo")
    return config, module.main


def main() -> None:
    """Runs a command. A mistake of the user's is one sentence and exit code 2; REASONRL_DEBUG=1 shows its traceback."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        raise SystemExit(0 if arguments else 2)
    if arguments[0] == "--version":
        from reasonrl import __version__

        print(f"reasonrl {__version__}")
        return
    try:
        run(arguments)
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (ValueError, TypeError, LookupError, OSError, ImportError, RuntimeError) as error:
        if os.environ.get("REASONRL_DEBUG"):
            raise
        print(f"reasonrl: {explain(error)}", file=sys.stderr)
        raise SystemExit(2) from None


def explain(error: Exception) -> str:
    """The error as one sentence; a missing module names the extra that brings it."""
    missing = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError) and isinstance(missing, str) and missing.split(".")[0] in EXTRAS:
        package = missing.split(".")[0]
        return f"this needs {package}: pip install 'reasonrl[{EXTRAS[package]}]'"
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text or type(error).__name__


if __name__ == "__main__":
    main()
