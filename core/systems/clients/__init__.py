"""What speaks to systems over HTTP; every failure becomes one sentence without secrets."""
