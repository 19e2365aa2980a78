"""The tasks: each module builds a `ul.Task` from a size and a seed."""
