"""Exact unlearning of two-layer networks."""
