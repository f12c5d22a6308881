"""Judges of nodes: exact verifier, process reward, self-evaluation, confidence."""
