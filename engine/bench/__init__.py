"""Benchmarks: ratios against real peers and ablations, measured in one process, side by side."""
