// Follows a stream with one of Node.js's clients, and prints each event as a line of JSON, until it is killed.
//
// node follow.mjs eventsource|undici ADDRESS CHANNEL…

const [library, address, ...channels] = process.argv.slice(2);
const { EventSource } = await import(library);
const stream = new EventSource(address);
setInterval(() => {}, 60_000); // undici alone would let the process end while it waits to reconnect

for (const channel of new Set(["message", ...channels])) {
  stream.addEventListener(channel, ({ type, data, lastEventId }) => {
    process.stdout.write(`${JSON.stringify({ event: type, data, id: lastEventId })}\n`);
  });
}
