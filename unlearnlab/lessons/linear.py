"""The exercises about linear models."""
