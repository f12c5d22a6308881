"""The decoding path under `engine.backends.local`: key-value tree, attention, sampler, stops.

Knows token ids and tensors. Does not know nodes, strategies, prompts or budgets.
"""
