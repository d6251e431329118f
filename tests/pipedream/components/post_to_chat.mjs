// A registry action's shape: an app, props by definition, a method of the app, a summary.
import chat from "./chat.app.mjs";

export default {
  key: "chat-post-message",
  name: "Post Message",
  description: "Post a message to a channel",
  version: "0.2.1",
  type: "action",
  props: {
    chat,
    channel: { propDefinition: [chat, "channel"] },
    text: { propDefinition: [chat, "text"], description: "Markdown goes" },
    mentions: { type: "string[]", optional: true },
  },
  async run({ $ }) {
    const text = [...(this.mentions ?? []).map((name) => `@${name}`), this.text].join(" ");
    const response = await this.chat.post({ channel: this.channel, text });
    $.export("$summary", `Posted message ${response.id} to ${this.channel}`);
    $.send.sse({ channel: "posted", payload: { id: response.id, channel: this.channel } });
    return response;
  },
};
