"""Measurement: suites, protocol, store, statistics and report; `throughput/` holds scripts that time us beside our peers."""

if __name__ != "reasonrl.benchmarks":
    raise ImportError("import this package as reasonrl.benchmarks: install the project first (pip install -e .)")
