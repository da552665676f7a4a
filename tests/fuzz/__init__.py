"""Files as they should not be: every reader is fed thousands of damaged files and may answer with its documented errors only.

``python -m tests.fuzz --inputs 50000`` is the long run, a short one is part of ``make check`` (tests/fuzz/test_short_run.py).
"""
