"""Models of the Hugging Face Hub on this machine; imports jobs and below, no model library."""
