"""The experiments of the papers as Tasks."""
