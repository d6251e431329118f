// Reads server-sent events from a response's body: https://html.spec.whatwg.org/multipage/server-sent-events.html
//
// An EventSource tells only of the channels that it was asked about; this page shows them all.

// Yields {event, id, data} for each event, {retry} for the time to wait, in ms, and {} for whatever else shows life.
export async function* frames(response) {
  let frame = emptyFrame();
  for await (const line of linesOf(response.body.pipeThrough(new TextDecoderStream()).getReader())) {
    if (line === "") {
      if (frame.data.length > 0) {
        yield { ...frame, data: frame.data.join("\n") };
      }
      frame = emptyFrame();
      continue;
    }
    const [field, value] = fieldOf(line);
    if (field === "data") {
      frame.data.push(value);
    } else if (field === "event" || field === "id") {
      frame[field] = value;
    } else {
      yield field === "retry" ? { retry: Number(value) } : {};
    }
  }
}

function emptyFrame() {
  return { event: "message", id: null, data: [] };
}

function fieldOf(line) {
  const colon = line.indexOf(":");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
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
