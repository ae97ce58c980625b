"""What is made of a run afterwards: reports, scores, and runs again from recordings."""
