"""The pictures of what passages cost and what is left of them."""
