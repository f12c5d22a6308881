"""Runs programs that a model wrote, confined: the best level that holds on this machine, or not at all.

`levels` says which level that is and why no better one; `running` runs one program; `unit_tests` decides
whether a program passes tests. What is imported here is imported by every confined process too: nothing.
"""
