"""What the tests of training share: a small recipe, and a tokenizer made from few problems."""

import pytest

from engine.training import tokenizer as tokenizers
from engine.training.policy import Recipe

RECIPE = Recipe(hidden=64, layers=2, heads=2, shared_heads=1, inner=64, tokens=1, seed=1)


@pytest.fixture(scope="session")
def tokenizer():
    return tokenizers.build(problems=300)
