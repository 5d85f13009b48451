"""Who acts: policies that propose, search that plans with them, learning that improves them."""

if __name__ != "reasonrl.agents":
    raise ImportError("import this package as reasonrl.agents: install the project first (pip install -e .)")
