// Asks an unreliable service again, a few times, and gives up with its last answer.
export default defineComponent({
  props: {
    url: { type: "string" },
    attempts: { type: "integer", default: 3, optional: true },
  },
  methods: {
    async attempt($, number) {
      const response = await fetch(this.url, { headers: { "x-attempt": String(number) } });
      $.send.sse({ channel: "attempts", payload: { number, status: response.status } });
      if (!response.ok) throw new Error(`The service answered ${response.status}`);
      return response.json();
    },
  },
  async run({ $ }) {
    let last;
    for (let number = 1; number <= this.attempts; number += 1) {
      try {
        return await this.attempt($, number);
      } catch (error) {
        last = error;
        console.warn(`Attempt ${number}: ${error.message}`);
      }
    }
    throw last;
  },
});
