"""Judges: they read text that an adversary may have written and return a `Verdict`; they never raise and never run it.

`core` holds the vocabulary of judgement, `answers` finds the final answer in a response, and each domain has a module
of its own. Nothing here imports the environments: every verifier can be used alone.
"""

if __name__ != "reasonrl.verifiers":
    raise ImportError("import this package as reasonrl.verifiers: install the project first (pip install -e .)")
