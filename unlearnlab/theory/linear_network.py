"""Exact unlearning of linear networks."""
