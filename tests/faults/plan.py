"""The plan of a storm: which fault begins when, on what. One seed decides it all."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

ROUND = 90.0
"""Seconds in which every kind of fault comes once."""


class Kind(StrEnum):
    """What can go wrong; the value is what the report calls it."""

    NOTICE_DROPPED = "notice dropped"
    NOTICE_DOUBLED = "notice doubled"
    NOTICE_DELAYED = "notice delayed by seconds"
    NOTICE_REORDERED = "notice overtaken by another"
    NOTICE_POISONED = "rubbish published to the topic"
    QUEUE_DELETED = "queue deleted under its task"
    SUBSCRIPTION_REMOVED = "subscription removed"
    SNS_REFUSES = "SNS refuses: calls"
    SQS_REFUSES = "SQS refuses: calls"
    DYNAMODB_THROTTLES = "DynamoDB throttles: calls"
    DYNAMODB_FAILS = "DynamoDB answers 500: calls"
    DYNAMODB_SILENT = "DynamoDB does not answer: calls"
    DYNAMODB_LOSES_ANSWER = "DynamoDB writes, its answer is lost"
    DYNAMODB_SLOW = "DynamoDB reads slowly: calls"
    DYNAMODB_PAGES = "DynamoDB answers in short pages: calls"
    DYNAMODB_AWAY = "DynamoDB away for seconds: calls"
    AWS_ANSWERS_GARBAGE = "AWS answers garbage: calls"
    SERVICE_KILLED = "stream service killed in mid-sweep"
    SERVICE_TERMINATED = "stream service ended by SIGTERM in mid-sweep"
    SERVICE_PAUSED = "stream service stopped for 20 s"
    SERVICES_REPLACED = "both stream services replaced"
    FUNCTION_KILLED_BEFORE_APPEND = "function killed before its append"
    FUNCTION_KILLED_BEFORE_NOTICE = "function killed before its notice"
    FUNCTION_KILLED_BEFORE_ANSWER = "function killed before its answer"
    LATER_KILLED_BEFORE_APPEND = "asynchronous run killed before its append"
    LATER_KILLED_BEFORE_NOTICE = "asynchronous run killed before its notice"
    LATER_KILLED_BEFORE_END = "asynchronous run killed before its end"
    STREAM_CLEARED = "stream cleared under its clients"
    CLEAR_HINDERED = "clear throttled, failed, or unanswered: calls"
    CLEAR_KILLED = "clear killed half-way, and resumed"
    BATCHES_EXPIRED = "expired batches deleted, in any order"
    CONNECTION_RESET = "connection reset in mid-frame"
    CONNECTION_HALF_OPEN = "connection half-open"
    CLIENT_SLOW = "client reads slowly"
    CLIENT_STALLED = "client reads nothing for a while"
    CLIENT_VANISHED = "client vanished, and came back"


@dataclass(frozen=True, slots=True, order=True)
class Planned:
    """A fault that begins at a time."""

    at: float
    """Seconds from the storm's beginning."""
    kind: Kind
    seed: int
    """Decides what is left open: on which task, which connection, for how long."""

    @property
    def chance(self) -> random.Random:
        """A generator of this fault's own, so that its choices are the same whatever else has happened."""
        return random.Random(self.seed)


def chance_for(seed: int, actor: str) -> random.Random:
    """A generator of one actor's own: its choices don't depend on who else came first."""
    return random.Random(f"{seed} {actor}")


def make_plan(seed: int, seconds: float) -> list[Planned]:
    """Plan a storm: each round has every kind once, in an order and at times of its own."""
    return sorted(_rounds(chance_for(seed, "plan"), seconds))


def _rounds(chance: random.Random, seconds: float) -> Iterator[Planned]:
    rounds = max(1, round(seconds / ROUND))
    for number in range(rounds):
        begin, length = number * seconds / rounds, seconds / rounds
        for kind in Kind:
            at = begin + length * chance.uniform(*_PART_OF_ROUND.get(kind, (0.0, 0.85)))
            yield Planned(at, kind, chance.getrandbits(32))


_FIRST_HALF = (0.0, 0.45)
_SECOND_HALF = (0.55, 0.85)
_PART_OF_ROUND = {
    # These take half a minute to be over: early in a round, or a short storm would end with waiting for them.
    Kind.SNS_REFUSES: (0.0, 0.05),
    Kind.SQS_REFUSES: (0.0, 0.05),
    Kind.SERVICE_PAUSED: _FIRST_HALF,
    Kind.CLEAR_KILLED: _FIRST_HALF,
    Kind.FUNCTION_KILLED_BEFORE_APPEND: _FIRST_HALF,
    Kind.FUNCTION_KILLED_BEFORE_NOTICE: _FIRST_HALF,
    Kind.FUNCTION_KILLED_BEFORE_ANSWER: _FIRST_HALF,
    # And these need notices that pass, or a queue that is served.
    Kind.QUEUE_DELETED: _SECOND_HALF,
    Kind.NOTICE_DROPPED: _SECOND_HALF,
    Kind.NOTICE_DOUBLED: _SECOND_HALF,
    Kind.NOTICE_DELAYED: _SECOND_HALF,
    Kind.NOTICE_REORDERED: _SECOND_HALF,
}
