"""The package that authors import, and the log."""
