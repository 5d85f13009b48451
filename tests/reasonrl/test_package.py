"""The package as it is installed: light to import, one top level, every module in the wheel."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("agents", "benchmarks", "envs", "verifiers")


def copy_of_the_sources(tree: Path, *, links: bool) -> Path:
    """What git has or would have, at `tree`; with or without its links."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        source = ROOT / name
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            if links:
                (tree / name).symlink_to(source.readlink())
        elif source.is_file():
            (tree / name).write_bytes(source.read_bytes())
    return tree


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("needs the source tree")
    folder = tmp_path_factory.mktemp("wheel")
    tree = copy_of_the_sources(folder / "tree", links=False)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(tree),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_has_one_top_level_and_every_module(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"reasonrl"}
    modules = {f"reasonrl/{path.relative_to(ROOT)}" for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    packaged = {
        name for name in modules if (ROOT / name.removeprefix("reasonrl/")).parent.joinpath("__init__.py").exists()
    }
    assert packaged <= set(names)
    assert {"reasonrl/__init__.py", "reasonrl/cli.py", "reasonrl/py.typed"} <= set(names)


def test_the_wheel_carries_the_shipped_policy_below_four_megabytes(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    sizes = {i.filename: i.file_size for i in archive.infolist() if "/policies/tiny/" in i.filename}
    assert {Path(name).name for name in sizes} >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert sum(sizes.values()) < 4_000_000


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "sympy", "rich", "tyro")
    script = f"import sys, reasonrl; print(*(m for m in {heavy} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clone called `reasonrl` in it, and `site`, what an editable install of that clone adds."""
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("needs the source tree")
    folder = tmp_path_factory.mktemp("beside")
    tree = copy_of_the_sources(folder / "reasonrl", links=True)
    build = "from setuptools import build_meta; build_meta.build_editable('..')"
    subprocess.run([sys.executable, "-c", build], cwd=tree, check=True, capture_output=True)
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(folder / "site")
    return folder


@pytest.mark.parametrize("at", [".", "reasonrl", "reasonrl/reasonrl", "reasonrl/envs", "/"])
def test_an_editable_install_is_found_from_every_folder_also_beside_the_clone(beside: Path, at: str) -> None:
    script = (
        "import sys, site\n"
        "sys.meta_path[:] = [each for each in sys.meta_path if 'editable' not in getattr(each, '__module__', '')]\n"
        f"sys.path[:] = [each for each in sys.path if each != {str(ROOT / 'typings')!r}]\n"
        f"site.addsitedir({str(beside / 'site')!r})\n"
        "import reasonrl, gymnasium, reasonrl.envs.environment as module\n"
        "gymnasium.make('MathReason-v0'); print(module.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=beside / at, capture_output=True, text=True)
    assert done.stdout.strip() == str(beside / "reasonrl" / "envs" / "environment.py"), done.stderr


def test_a_file_added_to_the_clone_needs_no_new_install(beside: Path) -> None:
    (beside / "reasonrl" / "verifiers" / "brand_new.py").write_text("WORD = 'here'\n")
    (paths,) = [path.read_text().split() for path in (beside / "site").glob("*.pth")]
    script = f"import sys; sys.path[:0] = {paths!r}; from reasonrl.verifiers.brand_new import WORD; print(WORD)"
    done = subprocess.run([sys.executable, "-c", script], cwd=beside, capture_output=True, text=True)
    assert done.stdout.strip() == "here", done.stderr


def test_the_package_is_a_command_too() -> None:
    done = subprocess.run([sys.executable, "-m", "reasonrl", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("reasonrl ")


def test_the_type_stub_tree_mirrors_the_folders() -> None:
    for folder in FOLDERS:
        assert (ROOT / "typings" / "reasonrl" / folder).resolve() == ROOT / folder
    front = {path.name for path in (ROOT / "reasonrl").iterdir() if path.is_file()}
    links = list((ROOT / "typings" / "reasonrl").iterdir())
    assert {path.name for path in links} == {*FOLDERS, *front}
    assert all(path.is_symlink() for path in links), "a copy would go its own way"


def test_the_version_is_the_same_everywhere() -> None:
    import reasonrl

    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert reasonrl.__version__ == written
    assert f"## {written}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_verifier_can_be_had_from_the_package_and_loads_only_then() -> None:
    script = (
        "import sys, reasonrl.verifiers as verifiers\n"
        "early = {'reasonrl.verifiers.code', 'reasonrl.verifiers.math'} & set(sys.modules)\n"
        "missing = [name for name in verifiers.__all__ if not hasattr(verifiers, name)]\n"
        "right = verifiers.verify_math('1/2', 'Answer: 0.5').correct\n"
        "print(early, missing, right, {'torch', 'sympy'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "set() [] True set()\n"


PACKAGES = (
    "reasonrl",
    "reasonrl.verifiers",
    "reasonrl.envs",
    "reasonrl.agents",
    "reasonrl.agents.search",
    "reasonrl.agents.policies",
    "reasonrl.agents.learning",
    "reasonrl.agents.initialization",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_can_be_had_from_the_package_and_hide_no_module(package: str) -> None:
    module = importlib.import_module(package)
    assert set(module.__all__) <= set(dir(module))
    assert all(getattr(module, name) is not None for name in module.__all__)
    modules = {each.name for each in pkgutil.iter_modules(module.__path__)}
    assert not modules & set(module.__all__)  # a name that were both would depend on what was imported before
    with pytest.raises(AttributeError, match="has no 'nothing_such'"):
        _ = module.nothing_such


def test_a_mistyped_public_name_gets_a_suggestion() -> None:
    with pytest.raises(AttributeError, match="did you mean 'verify_math'"):
        _ = importlib.import_module("reasonrl").verify_maths


def test_packages_load_nothing_of_theirs_until_it_is_asked_for() -> None:
    script = (
        f"import sys; import {', '.join(PACKAGES)}\n"
        "print([name for name in ('torch', 'sympy', 'httpx', 'reasonrl.agents.search.tree', 'reasonrl.verifiers.math')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_environment_is_made_by_any_of_its_names(tmp_path: Path) -> None:
    import reasonrl

    own = tmp_path / "mine.py"
    own.write_text(
        "from reasonrl import Content, accept, reject\n"
        "class Ones:\n"
        "    name = 'ones'\n"
        "    def sample(self, rng, difficulty):\n"
        "        return Content('1=?', {}, {'answer': '1'})\n"
        "    def verify(self, problem, answer):\n"
        "        right = answer == 'Answer: 1'\n"
        "        return accept(answer, method='same') if right else reject(answer, method='same', reason='no')\n"
    )
    for name in ("chain_sum", "reasonrl/ChainSum-v0", "MathReason-v0", "math", f"{own}:Ones"):
        env = reasonrl.make(name, level="solution")
        assert env.reset(seed=1)[0]
    env = reasonrl.make(f"{own}:Ones", level="solution")
    env.reset(seed=1)
    assert env.step("Answer: 1")[1] == 1.0
    envs = reasonrl.make_vec("chain_sum", 3, level="token")
    assert isinstance(envs, reasonrl.VectorReasonEnv)
    assert envs.num_envs == 3


def test_what_a_package_brings_is_registered_through_the_front_door() -> None:
    import reasonrl

    kinds = ("family", "dataset", "search", "guide", "policy", "learner")
    assert {f"register_{kind}" for kind in kinds} <= set(reasonrl.__all__)


def test_the_true_tree_holds_every_module_as_a_file(tmp_path: Path) -> None:
    if not (ROOT / "Makefile").exists():
        pytest.skip("needs the source tree")
    tree = copy_of_the_sources(tmp_path / "tree", links=True)
    subprocess.run(["make", "--quiet", "tree"], cwd=tree, check=True, capture_output=True)
    built = tree / "build" / "tree" / "reasonrl"
    expected = {path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    found = {path.relative_to(built) for path in built.rglob("*.py")}
    assert expected <= found
    assert not any(path.is_symlink() for path in built.rglob("*"))
