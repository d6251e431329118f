// An action for every workflow of a workspace: one message to several rooms.
export default {
  name: "Broadcast Message",
  key: "rooms-broadcast-message",
  version: "0.0.3",
  type: "action",
  description: "Send one message to the event streams of several rooms. [See the docs](https://example.com)",
  props: {
    rooms: { type: "string[]", label: "Rooms", description: "Names of the rooms" },
    message: { type: "string", label: "Message" },
    urgent: { type: "boolean", label: "Urgent", optional: true, default: false },
  },
  methods: {
    channelOf(room) {
      return `room:${room.trim().toLowerCase()}`;
    },
    payload() {
      const { message, urgent } = this;
      return urgent ? { message: message.toUpperCase(), urgent } : { message };
    },
  },
  async run({ $ }) {
    for (const room of this.rooms) {
      $.send.sse({ channel: this.channelOf(room), payload: this.payload() });
    }
    $.export("$summary", `Sent to ${this.rooms.length} room${this.rooms.length === 1 ? "" : "s"}`);
    return this.rooms.map(this.channelOf);
  },
};
