"""The exercises about two-layer networks."""
