"""What the metrics say of unlearned networks, notebook 13."""
