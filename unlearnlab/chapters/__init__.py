"""One folder for each notebook: its pictures, exercises, lab and study. None imports another."""
