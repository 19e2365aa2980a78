"""Pictures of two-layer networks."""
