"""Measurement: bench, store, statistics, comparison, report; `views/` shows it, `throughput/` times us beside peers."""

if __name__ != "reasonrl.benchmarks":
    raise ImportError("import this package as reasonrl.benchmarks: install the project first (pip install -e .)")
