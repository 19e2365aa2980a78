"""The exercises of notebook 02, the relaxed problem."""
