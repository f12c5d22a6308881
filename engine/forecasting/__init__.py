"""What a run will take, foretold from its problem, its strategy's formula, and what runs took before."""
