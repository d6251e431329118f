// Reads server-sent events from a response's body: https://html.spec.whatwg.org/multipage/server-sent-events.html
//
// An EventSource tells only of the channels that it was asked about; this page shows them all.

export async function* frames(response) {
  const lines = linesOf(response.body.pipeThrough(new TextDecoderStream()).getReader());
  let frame = emptyFrame();
  for await (const line of lines) {
    if (line === "") {
      if (frame.data.length > 0) {
        yield { ...frame, data: frame.data.join("\n") };
      }
      frame = emptyFrame();
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      frame.data.push(value);
    } else if (field === "event" || field === "id") {
      frame[field] = value;
    }
  }
}

function emptyFrame() {
  return { event: "message", id: null, data: [] };
}

async function* linesOf(reader) {
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}
