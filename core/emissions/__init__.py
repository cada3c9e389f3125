"""What the work cost: measuring energy, grid tables, what-if, reports."""
