// The first step behind an HTTP trigger: refuse what is no order, and end the workflow.
export default defineComponent({
  async run({ steps, $ }) {
    const { body } = steps.trigger.event;
    const problems = [];
    if (!body?.id) problems.push("id is required");
    if (!Array.isArray(body?.items) || body.items.length === 0) problems.push("items must not be empty");
    if (problems.length > 0) {
      await $.respond({ status: 422, headers: { "x-problems": String(problems.length) }, body: { problems } });
      return $.flow.exit(problems.join(", "));
    }
    return body;
  },
});
