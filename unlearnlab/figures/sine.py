"""Pictures of the sine experiment."""
