"""Copied submissions: how well they are found, beside what peers, at what scale. ``python -m benchmarks.copies --help``."""
