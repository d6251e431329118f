// Whatever happens, the caller gets an answer; the failure is still a failure.
export default defineComponent({
  async run({ steps, $ }) {
    try {
      const { amount } = JSON.parse(steps.trigger.event.body);
      return amount.toFixed(2);
    } finally {
      await $.respond({ status: 200, body: { ok: true } });
    }
  },
});
