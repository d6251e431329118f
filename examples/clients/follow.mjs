// Follows a stream: node follow.mjs http://127.0.0.1:8701/pipelines/p_hello/sse events …
//
// Needs the package `eventsource` (npm install), which reconnects by itself, and goes on behind the last event that it
// saw. It tells of the channels that are named, and no others.
import { EventSource } from "eventsource";

const [address, ...channels] = process.argv.slice(2);
const source = new EventSource(address);

source.addEventListener("error", ({ code, message }) => {
  if (source.readyState === EventSource.CLOSED) {
    console.error(`Refused (${code}): ${message}`); // for good: any status but 200 ends an EventSource
    process.exitCode = 1;
  }
});
for (const channel of channels.length > 0 ? channels : ["message"]) {
  source.addEventListener(channel, (event) => console.log(channel, JSON.parse(event.data)));
}
