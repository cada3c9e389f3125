"""An LLM as a judge: it is shown segment and translation, and gives a score or a list of errors.

Any OpenAI-compatible endpoint can judge. Prompts are our own and can be replaced; answers are read
tolerantly, asked for once more where they cannot be read, and then counted as failures, never as
scores. May not import commands.
"""
