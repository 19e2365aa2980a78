"""Where the points and images of the experiments come from."""
