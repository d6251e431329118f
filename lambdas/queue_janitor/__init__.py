"""The queue janitor: removes the queues of tasks that are gone."""
