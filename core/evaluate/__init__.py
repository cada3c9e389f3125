"""Evidence from translation sets: scores, differences and their causes; may not import commands."""
