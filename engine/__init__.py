"""The science of Ponder: trees, strategies, models, scorers. It imports no page, plot or database code."""
