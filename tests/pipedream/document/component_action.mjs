export default defineComponent({
  async run({ steps, $ }) {
    $.send.sse({
      channel: "events",
      payload: {
        name: "Luke Skywalker"
      }
    });
  }
});
