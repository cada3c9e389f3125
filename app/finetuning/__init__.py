"""The parts of the pages Fine-tune, Runs and Run."""
