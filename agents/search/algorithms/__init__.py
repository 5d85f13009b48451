"""One file per search: its settings and the generator. `agents.search.registry` has a row for each."""
