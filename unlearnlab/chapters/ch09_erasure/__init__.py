"""Label erasure, notebook 09."""
