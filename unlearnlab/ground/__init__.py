"""What every part of the package stands on, written once: checks, files, seeds, threads."""
