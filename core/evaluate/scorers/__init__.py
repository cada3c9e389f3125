"""Scores from elsewhere: commands such as COMET, and LLMs as judges, each as a job."""
