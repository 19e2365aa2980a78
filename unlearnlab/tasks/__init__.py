"""What is to be unlearned: each module builds a Task from a size and a seed."""
