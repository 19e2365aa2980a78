"""How are models trained, written and found again: recipe, fit (the trainer), checkpoint, zoo."""
