"""How a metric agrees with people, and people with each other. Plain arrays in."""
