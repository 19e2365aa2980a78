"""What chapters share: pictures, the exercise checker, labs, the environment check."""
