"""What translating takes: local models measured, LLMs estimated, and when fine-tuning pays."""
