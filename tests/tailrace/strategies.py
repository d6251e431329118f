"""What Hypothesis draws: JSON, channels, events and batches, also of the odder kinds."""

from hypothesis import strategies as st

from tailrace.event import Batch, Event, Position, workflow_id

text = st.text(max_size=30)  # without surrogates, as Hypothesis draws text
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)
channels = (
    st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), min_size=1, max_size=60)
    .filter(lambda channel: not channel.startswith("$"))
    .filter(lambda channel: len(channel.encode()) <= 256)
)
events = st.builds(Event.of, channels, json_values)
batches = st.lists(events, min_size=1, max_size=5).flatmap(
    lambda sent: st.builds(
        Batch,
        workflow_id=st.from_regex(r"p_[A-Za-z0-9_-]{1,64}", fullmatch=True).map(workflow_id),
        generation=st.from_regex(r"[0-9a-z]{1,16}", fullmatch=True),
        position=st.integers(1, 10**15).map(Position),
        count=st.just(len(sent)),
        events=st.just(tuple(sent)),
        batch_id=text,
        recorded_at=st.integers(0, 10**14),
    )
)
