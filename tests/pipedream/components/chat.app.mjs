// An app file: what the components of one service share. The account is the workflow's to give.
export default {
  type: "app",
  app: "chat",
  propDefinitions: {
    channel: { type: "string", label: "Channel", description: "Where to post", async options() { return ["general"]; } },
    text: { type: "string", label: "Text" },
  },
  methods: {
    _headers() {
      return { authorization: `Bearer ${this.$auth.oauth_access_token}`, "content-type": "application/json" };
    },
    async post(data) {
      const response = await fetch(`${this.$auth.base_url}/messages`, {
        method: "POST",
        headers: this._headers(),
        body: JSON.stringify(data),
      });
      if (!response.ok) throw new Error(`Chat answered ${response.status}: ${await response.text()}`);
      return response.json();
    },
  },
};
