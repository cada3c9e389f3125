"""What a campaign found: scores, ranking, errors, and the tables that are taken away."""
