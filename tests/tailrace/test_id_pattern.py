import pytest

from tailrace.errors import InvalidIdPattern
from tailrace.id_pattern import covers, id_pattern


@pytest.mark.parametrize("text", ["*", "p_orders", "p_shop_*", "p_*", "p_-"])
def test_an_id_a_beginning_and_the_star_are_patterns(text: str) -> None:
    assert id_pattern(text) == text


@pytest.mark.parametrize(
    "text", ["", "p_", "orders", "p*", "**", "p_*_orders", "p_a?", "p_a*\n", "p_" + "a" * 65, "p_" + "a" * 64 + "*"]
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(InvalidIdPattern, match="names no workflows"):
        id_pattern(text)


def test_an_id_covers_itself_alone_and_a_beginning_what_begins_with_it() -> None:
    assert covers(["p_orders"], "p_orders")
    assert not covers(["p_orders"], "p_orders_eu")
    assert covers(["p_shop_*"], "p_shop_orders")
    assert not covers(["p_shop_*"], "p_shop")
    assert covers(["p_orders", "*"], "p_anything")
    assert not covers([], "p_orders")
