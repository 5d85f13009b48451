"""The audit: what judges accept that they should not, and what they refuse that they should accept.

`answers` writes the texts to try, `subjects` says what is judged, `trials` puts them together, `watch` sees what a
judge does meanwhile, `child` runs it all in a process that can be killed, and `command` is `reasonrl audit`.
"""
