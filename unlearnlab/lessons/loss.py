"""The exercises of notebook 01, why the loss is not enough."""
