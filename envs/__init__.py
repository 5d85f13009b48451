"""Problems and the Markov decision processes made of them.

`core` (problems, families), `mdp` (states and pure transitions at four levels), `environment` (the Gymnasium shell),
`vector` (many lanes at once), `families` (one file per kind of problem), `datasets` (published problems).
"""

if __name__ != "reasonrl.envs":
    raise ImportError("import this package as reasonrl.envs: install the project first (pip install -e .)")
