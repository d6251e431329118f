"""Tests of the API, through the handler that Lambda calls wherever that is possible."""
