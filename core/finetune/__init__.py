"""Fine-tuning: settings, language codes, DeepSpeed configuration, the trainer and its diagnosis."""
