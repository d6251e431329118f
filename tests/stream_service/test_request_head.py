import pytest

from stream_service.request_head import MAX_HEAD_BYTES, RequestHead


def test_head_of_as_many_bytes_as_it_may_have_is_not_too_large() -> None:
    head = RequestHead()

    head.understood(MAX_HEAD_BYTES)
    head.arrived(MAX_HEAD_BYTES)

    assert not head.is_too_large


def test_part_that_makes_a_head_too_large_is_refused() -> None:
    head = RequestHead()
    head.understood(MAX_HEAD_BYTES)

    with pytest.raises(ValueError, match="65,536"):
        head.understood(1)


def test_head_whose_last_header_never_ends_is_too_large() -> None:
    head = RequestHead()

    for _ in range(3):
        head.arrived(MAX_HEAD_BYTES // 2)

    assert head.is_too_large


def test_body_does_not_count_and_the_next_head_does() -> None:
    head = RequestHead()
    head.arrived(MAX_HEAD_BYTES)
    head.end()

    head.arrived(MAX_HEAD_BYTES)
    in_the_body = head.is_too_large
    head.begin()
    head.arrived(MAX_HEAD_BYTES + 1)  # the body's end was among them
    at_its_end = head.is_too_large
    head.arrived(MAX_HEAD_BYTES + 1)

    assert (in_the_body, at_its_end, head.is_too_large) == (False, False, True)
