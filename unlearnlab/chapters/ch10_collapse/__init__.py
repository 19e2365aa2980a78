"""Representation collapse, notebook 10."""
