"""Runs an invented day through the real decision core: a virtual clock, an imaginary PBX, and people with habits.

Policies are tested with a textbook estimator (``predictors``), which can be worked out by hand. The estimator in use
has tests of its own, and is scored against others on the same paths.
"""
