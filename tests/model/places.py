"""Where in the model the log's rules matter: which acts, from which beginning."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.model.near import near
from tests.model.writing import WRONG

EVEN = {"skews": st.just((0, 0, 0)), "days": st.just((1, 1, 1))}
"""Clocks and settings that agree."""
YOUNG = {**EVEN, "left": st.none()}
"""A stream in the middle of its life."""
APART = {"skews": st.just((-WRONG, WRONG, WRONG)), "days": st.just((1, 1, 1))}
"""Clocks that are as wrong as may be."""
FEW = st.lists(st.just(["a"]), min_size=1, max_size=3)
ONE = st.just([["a"]])
TWO = st.just([["a"], ["a"]])

READING = near(
    "append",
    "append_and_announce",
    "clear",
    "begin_to_clear",
    "go_on",
    "give_up",
    "wait_for_hours",
    "let_all_but_the_newest_expire",
    "begin_another_life",
    "let_the_table_delete_what_has_expired",
    "announce",
    "announce_newest",
    "read_a_page",
    "answer",
    "answer_all",
    "let_a_reading_fail",
    "turn",
    "sweep",
    "tick",
    "keep_alive",
    "come",
    "come_back",
    "cut",
    "pause",
    "resume",
    "come_to_rest",
    steps=60,
    **YOUNG,
)
"""Two hubs and their clients, over a log whose writers have no trouble."""


RACING = near(
    "begin_to_append", "go_on", "lose_a_request", "lose_an_answer", "let_a_write_be_late", "land", steps=15, **YOUNG
)
FAR_BEHIND = near("begin_to_append", "append", steps=15, **YOUNG)
TRYING = near("append", "begin_what_may_be_tried_again", "try_again", "go_on", "give_up", steps=15, **YOUNG)
HEARING = near(
    "begin_what_may_be_tried_again",
    "try_again",
    "come",
    "answer_all",
    "come_to_rest",
    steps=15,
    lossless=st.just(True),
    **YOUNG,
)
ENDING = near("begin_to_append", "go_on", steps=6, there=FEW, left=st.just(14), **APART)
EXPIRING = near("append", "let_the_table_delete_what_has_expired", steps=6, there=FEW, left=st.just(0), **APART)
LOWERED = near(
    "append",
    "let_the_table_delete_what_has_expired",
    steps=4,
    there=TWO,
    left=st.just(0),
    skews=st.just((0, 0, 0)),
    days=st.just((3, 1, 1)),
)
"""A stream whose retention was three days, and is one."""
RUNNING_OUT = near(
    "be_killed_while_a_write_is_on_its_way",
    "begin_to_append",
    "wait_for_a_moment",
    steps=4,
    there=ONE,
    left=st.just(31),
    lossless=st.just(False),
    **APART,
)
LATE = replace(
    near(
        "be_killed_while_a_write_is_on_its_way",
        "begin_to_append",
        "wait_for_half_an_hour",
        steps=4,
        there=ONE,
        left=st.just(46),
        lossless=st.just(False),
        **APART,
    ),
    orders=4000,  # few of which are the one that matters
)
AN_HOUR = near(
    "begin_to_append", "go_on", "lose_an_answer", "wait_for_a_second", steps=10, there=FEW, left=st.just(60), **EVEN
)
YESTERDAY = near(
    "begin_to_append",
    "try_again",
    "wait_for_half_an_hour",
    "let_the_table_delete_what_has_expired",
    steps=8,
    there=TWO,
    apart=st.just(1),
    left=st.just(30),
    again=st.just(True),
    **EVEN,
)
NEXT_LIFE = near("append", "begin_what_may_be_tried_again", "try_again", steps=8, there=FEW, left=st.just(14), **EVEN)
CLEARING = near("begin_to_append", "go_on", "begin_to_clear", "lose_a_request", "lose_an_answer", steps=15, **YOUNG)
CLEARED_LATE = near(
    "begin_to_clear", "go_on", "let_a_write_be_late", "land", "begin_another_life", steps=10, there=FEW, **YOUNG
)
ANNOUNCING = near("append", "come", "answer_all", "come_to_rest", steps=10, lossless=st.just(True), **YOUNG)
