"""The exercises of notebook 04, the sine poisoning."""
