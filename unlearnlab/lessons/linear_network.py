"""The exercises about linear networks."""
