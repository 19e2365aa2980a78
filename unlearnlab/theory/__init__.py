"""The theorems of paper A as functions, each beside the direct solution it must equal."""
