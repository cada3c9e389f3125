"""The arena: which two systems meet, which votes are fair, and what the votes add up to."""
