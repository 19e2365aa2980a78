"""Exact unlearning of linear models."""
