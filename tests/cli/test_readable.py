"""Nothing that comes from elsewhere moves the terminal's cursor."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.readable import readable, readable_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@given(value=JSON)
def test_json_stays_the_same_value_and_prints(value: object) -> None:
    text = readable_json(json.dumps(value))

    assert json.loads(text) == value
    assert text.isprintable()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r'"\u00e9\ud83d\ude00"', '"é😀"'),
        (r'"\u001b[2J"', r'"\u001b[2J"'),
        (r'"\\u00e9"', r'"\\u00e9"'),
        (r'"\u0022\u005c"', r'"\u0022\u005c"'),
        (r'"\ud83d"', r'"\ud83d"'),
        ('{"a":1.10,"b":1e400}', '{"a":1.10,"b":1e400}'),
    ],
)
def test_letters_are_shown_and_everything_else_stays_as_it_came(written: str, shown: str) -> None:
    assert readable_json(written) == shown


@given(text=st.text())
def test_any_text_prints(text: str) -> None:
    assert readable(text).isprintable()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", readable(text))
