"""Sine poisoning, notebook 04."""
