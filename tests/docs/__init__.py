"""Tests of what the documents say: what is code runs, what is a link leads somewhere."""
