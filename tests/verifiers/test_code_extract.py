"""How the program is found in a response: what is read, and what is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from reasonrl.verifiers.code import extract_code, verify_code, verify_humaneval, verify_mbpp, verify_stdio
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.sandbox import Sandbox

TESTS = [((1, 2), 3), ((50, 7), 57), ((-1, 1), 0)]
ADD = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as pool:
        yield pool


FOUND = {
    # --- how a fence is spelt
    "four backticks": f"````python\n{ADD}````",
    "four backticks closed by three": f"````python\n{ADD}```",
    "three backticks closed by four": f"```python\n{ADD}````",
    "tildes around backticks": f"~~~~ python\n{ADD}~~~~\nbye",
    "within a markdown block": f"````markdown\nText\n```python\n{ADD}```\n````",
    "a list item": "1. First:\n\n    ```py\n    def add(a, b):\n        return a + b\n    ```\n2. Done",
    "behind a list mark": "- ```python\n  def add(a, b):\n      return a + b\n  ```",
    "a quotation": "> ```python\n> def add(a, b):\n>     return a + b\n> ```",
    "indented by a tab": "\t```python\n\tdef add(a, b):\n\t    return a + b\n\t```",
    "a closing fence further in": "```python\ndef add(a, b):\n    return a + b\n    ```",
    "closed on the last line": "```python\ndef add(a, b): return a + b```",
    "unclosed with words before": f"Sure, here it is:\n\n```python\n{ADD}",
    "opened again and not closed": f"```python\n{ADD}```python\nprint(add(1, 2))\n",
    "only closed": f"{ADD}```",
    "only closed, words after": f"{ADD}```\nThis adds the two numbers.",
    "py with a number": f"```py3.12\n{ADD}```",
    "a title": f'```python title="add.py" linenums="1"\n{ADD}```',
    "a file's name": f"```add.py\n{ADD}```",
    "a path behind a colon": f"```python:src/add.py\n{ADD}```",
    "attributes": f"``` {{.python .numberLines}}\n{ADD}```",
    "ipython": f"```ipython3\n{ADD}```",
    "capitals": f"```Py\n{ADD}```",
    "carriage returns alone": f"```python\r{ADD}```".replace("\n", "\r"),
    "a mark of byte order inside": f"\ufeff```python\n{ADD}```",
    "a mark of byte order in the block": f"```python\n\ufeff{ADD}```",
    "all on one line": "```python def add(a, b): return a + b```",
    "code in a line of text": "`add = lambda a, b: a + b`",
    "closed by two backticks": f"```python\n{ADD}``",
    "HTML": f'<pre><code class="language-python">\n{ADD}</code></pre>',
    "brackets": f"[PYTHON]\n{ADD}[/PYTHON]",
    "brackets of few-shot prompts": f"[BEGIN]\n{ADD}[DONE]\nWrite a function",
    "a LaTeX environment": f"\\begin{{python}}\n{ADD}\\end{{python}}",
    # --- tokens of a chat
    "an answer tag": f"<answer>\n```python\n{ADD}```\n</answer>",
    "an answer tag on the fence": f"<answer>```python\n{ADD}```</answer>",
    "an answer tag alone": f"<answer>\n{ADD}</answer>",
    "end of turn": f"{ADD}<|eot_id|>",
    "end of turn and more": f"```python\n{ADD}```<|im_end|>\n<|im_start|>user\n```python\n{WRONG}```",
    "a thought before": f"<think>Maybe\n```python\n{WRONG}```\n</think>\n{ADD}",
    "a thought without its beginning": f"Let me see ```x``` ...\n</think>\n\n```python\n{ADD}```",
    # --- words around
    "words before": f"Here is the function you asked for:\n\n{ADD}",
    "words after": f"{ADD}\nExplanation: the sum of both.\nIt's O(1).",
    "a list after": f"{ADD}\n- a: the first number\n- b: the second",
    "a heading after": f"{ADD}\n**Complexity**: O(1)",
    "an example after": f"{ADD}\nExample:\n>>> add(1, 2)\n3",
    "an output after": f"{ADD}\nOutput:\n```\n3\n```",
    "another script": f"以下是代码\n{ADD}\n这个函数把两个数相加",
    "an apostrophe": f"Here's one that doesn't fail:\n{ADD}",
    "words on the line of the fence": f"The answer is:```python\n{ADD}```",
    # --- several blocks
    "an example that calls": f"```python\n{ADD}```\nUse it:\n```python\nprint(add(1, 2))\n```",
    "an example that imports": f"```python\n{ADD}```\n```python\nfrom add import add\nassert add(1, 2) == 3\n```",
    "tests as a function": f"```python\n{ADD}```\n```python\ndef test_add():\n    assert add(1, 2) == 4\ntest_add()```",
    "unittest": (
        f"```python\n{ADD}```\n```python\nimport unittest\nclass TestAdd(unittest.TestCase):\n"
        "    def test(self): pass\nunittest.main()\n```"
    ),
    "output in a block of text": f"```python\n{ADD}```\n```output\n3\n```\n```text\n3 is right\n```",
    "output in a bare block of code": f"```python\n{ADD}```\nprints\n```\n[3]\n```",
    "installation": f"```bash\npip install add\n```\n```python\n{ADD}```",
    "a helper first": (
        "```python\ndef plus(a, b):\n    return a + b\n```\nThen\n```python\ndef add(a, b):\n    return plus(a, b)\n```"
    ),
    "a helper last": (
        "```python\ndef add(a, b):\n    return plus(a, b)\n```\nwhere\n"
        "```python\ndef plus(a, b):\n    return a + b\n```"
    ),
    "an import first": (
        "```python\nimport operator\n```\n```python\ndef add(a, b):\n    return operator.add(a, b)\n```"
    ),
    "a constant first": "```python\nZERO = 0\n```\n```python\ndef add(a, b):\n    return a + b + ZERO\n```",
    "an earlier try": f"```python\n{WRONG}```\nNo.\n```python\n{ADD}```",
    "an earlier try that does not compile": f"```python\ndef add(a, b)\n    retrun\n```\nFixed:\n```python\n{ADD}```",
    "an earlier try that raises": f"```python\n{WRONG}1/0\n```\nFixed:\n```python\n{ADD}```",
    "bare block, then an example in Python": f"```\n{ADD}```\n```python\nprint(add(1, 2))\n```",
    "two bare blocks": f"```\n{ADD}```\nOutput:\n```\n3\n```",
    "named text": f"```text\n{ADD}```",
    # --- fences in strings
    "a docstring with a fence": (
        '```python\ndef add(a, b):\n    """Adds.\n\n    ```python\n    add(1, 2)\n    ```\n    """\n    return a + b'
    ),
    "a bare program with a fence in its docstring": (
        'def add(a, b):\n    """Adds.\n\n    ```\n    add(1, 2)\n    ```\n    """\n    return a + b\n'
    ),
    "a docstring that reads like words": 'def add(a, b):\n    """\nThis adds two numbers.\n    """\n    return a + b\n',
}
"""Responses that hold a right program."""

REFUSED = {
    "only a thought": f"<think>\n```python\n{ADD}```\n</think>\nAs above.",
    "an unfinished thought": f"<think>\n```python\n{ADD}```",
    "a later try that is wrong": f"```python\n{ADD}```\nSimpler:\n```python\n{WRONG}```",
    "a wrong program and right output": f"```python\n{WRONG}```\nOutput:\n```\n3\n57\n0\n```",
    "a right example beside a wrong program": f"```python\n{WRONG}```\n```python\nprint(1 + 2)\n```",
    "a program in another language": "```javascript\nfunction add(a, b) { return a + b }\n```",
    "words": "The function add(a, b) returns a + b.",
    "a block of output": "```text\n3\n```",
    "an unfinished program": "```python\ndef add(a, b):\n    return a +",
    "a function of another name": "```python\ndef plus(a, b):\n    return a + b\n```",
    "in a string": f"```python\ncode = '''\n{ADD}'''\n```",
    "in comments": "```python\n# def add(a, b):\n#     return a + b\n```",
    "what follows the end of the turn": f"<|im_end|>\n```python\n{ADD}```",
}
"""Responses that hold none."""


@pytest.mark.parametrize("name", FOUND)
def test_a_right_program_is_found(name: str, sandbox: Sandbox) -> None:
    verdict = verify_code(FOUND[name], "add", TESTS, deadline=20.0, sandbox=sandbox)
    assert verdict.correct, (verdict, extract_code(FOUND[name], names=("add",)))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_right_program_is_refused(name: str, sandbox: Sandbox) -> None:
    verdict = verify_code(REFUSED[name], "add", TESTS, deadline=20.0, sandbox=sandbox)
    assert (verdict.correct, verdict.judged) == (False, True), verdict


def test_a_verdict_shows_the_program_that_was_found(sandbox: Sandbox) -> None:
    response = FOUND["an output after"]
    shown = [
        verify_code(response, "add", TESTS, deadline=20.0, sandbox=sandbox).extracted,
        verify_mbpp({"test_list": ["assert add(1, 2) == 3"]}, response, deadline=20.0, sandbox=sandbox).extracted,
        verify_stdio(response, [("", "")], deadline=20.0, sandbox=sandbox).extracted,
    ]
    assert [text.strip() if text else text for text in shown] == [ADD.strip()] * 3


def test_a_thought_alone_is_no_answer(sandbox: Sandbox) -> None:
    assert verify_code(REFUSED["an unfinished thought"], "add", TESTS, sandbox=sandbox).status is Status.NO_ANSWER


@pytest.mark.parametrize("name", FOUND)
def test_a_bare_program_is_left_as_it_is(name: str) -> None:
    code = extract_code(FOUND[name], names=("add",))
    assert extract_code(code, names=("add",)) == code


@pytest.mark.parametrize(
    "response",
    [
        "```python\nprint(int(input()) * 2)\n```\nOutput:\n```\n42\n```",
        "```\nprint(int(input()) * 2)\n```\nOutput:\n```\n42\n```",
        "```python\ndef double(x):\n    return x * 2\n```\nand\n```python\nprint(double(int(input())))\n```",
        "```python\nimport sys\nprint(int(sys.stdin.read()) * 2)\n```\nFor 3:\n```python\nprint(3 * 2)\n```",
        "```python\nn = int(input())\nprint(n)\n```\nNo:\n```python\nn = int(input())\nprint(n * 2)\n```",
        "n, = map(int, input().split())\nprint(n * 2)\n\nThis reads a number.",
    ],
)
def test_a_program_that_reads_is_told_from_its_examples(response: str, sandbox: Sandbox) -> None:
    assert verify_stdio(response, [("21\n", "42\n"), ("-1", "-2")], deadline=20.0, sandbox=sandbox).correct


BODY = {
    "prompt": 'import math\n\ndef area(r: float) -> float:\n    """Area of a circle."""\n',
    "entry_point": "area",
    "test": "def check(candidate):\n    import math\n    assert abs(candidate(2) - 4 * math.pi) < 1e-9\n",
}


@pytest.mark.parametrize(
    "completion",
    [
        "    return math.pi * r * r\n```\nIt uses math.pi.",
        "    return math.pi * r * r\n\nThis is the area.",
        "    return math.pi * r * r<|endoftext|>",
        "```python\n    return math.pi * r * r\n```\nHere we square r.",
        "Here is the body:\n```python\n    return math.pi * r * r\n```",
        "```python\ndef square(x):\n    return x * x\n```\n```python\ndef area(r):\n    return math.pi * square(r)",
        "```python\ndef area(r):\n    return math.pi * r * r\n\nprint(area(2))\n```\nOutput:\n```\n12.566\n```",
        "<think>r squared</think>\n    return math.pi * r * r",
        "  return math.pi * r * r",
        "\tx = r * r\n\tif x:\n\t\treturn math.pi * x\n\treturn 0",
        "   x = r * r\n   if x:\n      return math.pi * x\n   return 0",
        "    return math.pi * r * r\n\n\ndef circumference(r: float) -> fl",
        "    return math.pi * r * r\n\n# Test\nprint(area(2",
        "    if r < 0:\n        raise ValueError\n    return math.pi * r * r",
    ],
)
def test_a_completion_is_found_in_its_surroundings(completion: str, sandbox: Sandbox) -> None:
    verdict = verify_humaneval(BODY, completion, deadline=20.0, sandbox=sandbox)
    assert verdict.correct, verdict


def test_the_names_that_assertions_call_tell_which_block_is_meant(sandbox: Sandbox) -> None:
    response = f"```python\n{ADD}```\nA variant:\n```python\ndef subtract(a, b):\n    return a - b\nsubtract(1, None)"
    assert verify_mbpp({"test_list": ["assert add(1, 2) == 3"]}, response, deadline=20.0, sandbox=sandbox).correct
