"""The exercises of notebook 03, MinNorm-OG step by step."""
