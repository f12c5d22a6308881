"""A decode step as one call into C, where there is a compiler; see `native/step.c` for what it computes."""
