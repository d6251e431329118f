const asked = new URLSearchParams(location.search);
const address = asked.get("stream") ?? "http://127.0.0.1:8701/pipelines/p_names/sse";
const channels = asked.has("channel") ? asked.getAll("channel") : ["names"];

const eventSource = new EventSource(address);

for (const channel of channels) {
  eventSource.addEventListener(channel, (event) => {
    console.log(`New event on ${channel}:`, event);
    const line = document.createElement("li");
    line.textContent = `${channel}: ${event.data}`;
    document.getElementById("events").append(line);
  });
}
