"""The confined process: how it gives up its rights, and what it then runs.

Every start of a program imports these modules, so they use as little of the standard library as they can.
"""
