"""What chapters share: a problem to take apart, pictures, the exercise checker, labs, the check of
this machine."""
