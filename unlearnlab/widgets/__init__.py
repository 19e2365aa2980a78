"""The labs: one per file, thin; what they compute is elsewhere."""
