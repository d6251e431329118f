"""The stream service: replays a workflow's events from the log, and pushes new ones to everyone who listens."""
