"""Experiments over many runs: pure functions of what was measured."""
