"""Pictures of linear networks."""
