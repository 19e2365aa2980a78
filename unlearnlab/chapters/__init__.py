"""What belongs to one notebook each: exercises, pictures, a lab, a study. None imports another."""
