"""Width and unlearning, notebook 12."""
