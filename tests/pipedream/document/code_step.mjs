export default defineComponent({
  async run({ steps, $ }) {
    $.send.sse({
      channel: "events", // Required, corresponds to the event in the SSE spec
      payload: { // Required, the event payload
        name: "Luke Skywalker"
      }
    });
  }
});
