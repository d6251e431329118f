"""Rules 1 to 7: what frames are made of, as bytes on a socket."""

import asyncio
import json
import re
from urllib.parse import urlsplit

import pytest

from tailrace.errors import InvalidChannel
from tailrace.event import MAX_PAYLOAD_BYTES, Event
from tests.support.frames import frames_in
from tests.support.rim import Rim
from tests.support.streams import follow

pytestmark = pytest.mark.usefixtures("path")

LINE_BREAKERS = "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e\r\n\r\0"
MAX_LINE = 512 * 1024


async def test_rule_01_event_is_its_lines_alone_with_the_id_last_in_one_write(rim: Rim, url: str) -> None:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(b"GET /pipelines/p_a/sse HTTP/1.1\r\nHost: test\r\n\r\n")
    async with asyncio.timeout(20):
        while not (await reader.readline()).startswith(b"id: 0-0"):
            pass
        assert await reader.readexactly(3) == b"\n\r\n"  # the frame's end, and its chunk's

        (batch,) = await rim.publish("p_a", {"text": "one\r\ntwo", "empty": ""}, channel="greetings")
        size = int((await reader.readline()).removesuffix(b"\r\n"), 16)
        chunk = await reader.readexactly(size)
    writer.close()

    lines = ["event: greetings", r'data: {"text":"one\r\ntwo","empty":""}', f"id: {batch.last_id}", "", ""]
    assert chunk == "\n".join(lines).encode()


async def test_rule_01_cut_anywhere_in_a_frame_moves_no_cursor(rim: Rim, url: str) -> None:
    (batch,) = await rim.publish("p_a", 1, 2)
    async with follow(url, "p_a") as client:
        await client.until(2)

        frames = client.raw.split(b"\n", 1)[1]
        second = frames.index(b"event: ", 1)
        for cut in range(second, len(frames) - len(f"{batch.last_id}\n\n")):
            ids = re.findall(rb"^id: (.+)$", frames[:cut], re.MULTILINE)
            assert ids == [str(batch.first_id).encode()]


async def test_rule_02_data_is_ascii(rim: Rim, url: str) -> None:
    text = f"{LINE_BREAKERS}é😀\x7f"
    await rim.publish("p_a", text)
    async with follow(url, "p_a") as client:
        (frame,) = await client.take(1)

        assert frame.data.isascii()
        assert frame.data.splitlines() == [frame.data]
        assert json.loads(frame.data) == text


async def test_rule_03_every_frame_has_an_id_and_data(rim: Rim, url: str) -> None:
    async with follow(url, "p_a", query={"control": 1}, last_event_id="nonsense") as client:
        await client.next()
        await rim.publish("p_a", "", None, 0, [], channel="message")
        await client.until(4)

        frames = list(frames_in(client.raw.split(b"\n", 1)[1]))
        assert [frame.channel for frame in frames if frame.channel.startswith("$")] == ["$sync", "$gap"]
        assert [frame.payload for frame in frames if frame.channel == "message"] == ['""', "null", "0", "[]"]
        assert re.findall(rb"^id:.*$", client.raw, re.MULTILINE) == [
            line for line in client.raw.split(b"\n") if re.fullmatch(rb"id: [0-9a-z]+-[0-9]+", line)
        ]


@pytest.mark.parametrize("channel", ["a\rb", "a\nb", "a\r\n\r\ndata: injected", "a\0b", "\n", ""])
def test_rule_04_channel_that_would_break_its_frame_is_refused_where_it_is_sent(channel: str) -> None:
    with pytest.raises(InvalidChannel):
        Event.of(channel, 1)


@pytest.mark.parametrize("channel", ["open", "error", "message", "two words", "id: 1", ":x", "data", "kanal-é-😀"])
async def test_rule_04_every_other_channel_arrives_as_it_was_sent(rim: Rim, url: str, channel: str) -> None:
    await rim.publish("p_a", 1, channel=channel)
    async with follow(url, "p_a", query={"channel": channel}) as client:
        assert (await client.next()).event == channel


async def test_rule_05_keepalive_is_one_comment_line_without_a_blank_line(rim: Rim, url: str) -> None:
    async with follow(url, "p_a") as client:
        await client.next()
        begun = len(client.raw)
        for _ in range(2):
            rim.hub.keep_alive(asyncio.get_running_loop().time())
        (batch,) = await rim.publish("p_a", 1)
        await client.until(1)

        event = b"event: c\ndata: 1\nid: %b\n\n" % str(batch.last_id).encode()
        assert client.raw[begun:] == b":keepalive\n:keepalive\n" + event


@pytest.mark.parametrize("sent", [0, 3], ids=["empty", "replay"])
async def test_rule_06_retry_opens_the_stream_and_belongs_to_the_first_block(rim: Rim, url: str, sent: int) -> None:
    if sent:
        await rim.publish("p_a", *range(sent))
    async with follow(url, "p_a") as client:
        await client.next()

        begin = re.match(rb"retry: ([0-9]+)\nevent: ", client.raw)
        assert begin is not None
        assert 1000 <= int(begin[1]) <= 5000
        assert client.raw.count(b"retry") == 1


async def test_rule_07_no_byte_order_mark_and_no_line_that_kills_a_client(rim: Rim, url: str) -> None:
    await rim.publish("p_a", "\ufeff" + "é" * ((MAX_PAYLOAD_BYTES - len('"\\ufeff"')) // len("\\u00e9")))
    async with follow(url, "p_a") as client:
        (frame,) = await client.take(1)

        assert client.raw.startswith(b"retry: ")
        assert b"\xef\xbb\xbf" not in client.raw
        assert MAX_PAYLOAD_BYTES - 6 < len(frame.data) <= MAX_PAYLOAD_BYTES
        assert max(map(len, client.raw.split(b"\n"))) < MAX_LINE
