"""Steps that bring an older database to this version; each step is one file in `versions/`."""

HEAD = "0006"
