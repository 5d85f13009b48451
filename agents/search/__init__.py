"""Planning with a policy: more tokens into more right answers.

`agents` (by name), one file per algorithm, `driver` (many trees at once), `run` (one of them), `budget` (the metered
boundary), `tree`, `guides` (who says what is worth more), `choice` (which answer is given), `viewer` (a tree to read).
"""
