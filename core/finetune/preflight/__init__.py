"""Before the launch: what a run needs of memory and disk, whether it fits, and what would."""
