"""The real chain, from a request to an EventSource."""
