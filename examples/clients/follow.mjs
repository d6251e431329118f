// Follows a stream: node follow.mjs http://127.0.0.1:8701/pipelines/p_hello/sse hello …
//
// Needs the package `eventsource`, which reconnects by itself, and goes on behind the last event that it saw.
import { EventSource } from "eventsource";

const [address, ...channels] = process.argv.slice(2);
const source = new EventSource(address);

for (const channel of channels.length > 0 ? channels : ["message"]) {
  source.addEventListener(channel, (event) => console.log(channel, JSON.parse(event.data)));
}
