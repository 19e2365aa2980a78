"""One folder for each notebook: its pictures, exercises, lab and study. None imports another.

recording.py makes any of their recorded results again.
"""
