// Long work in chunks: everyone who watches sees how far it has come.
export default defineComponent({
  props: { size: { type: "integer", default: 2 } },
  methods: {
    *chunks(list) {
      for (let start = 0; start < list.length; start += this.size) yield list.slice(start, start + this.size);
    },
    work: (chunk) => new Promise((resolve) => setTimeout(() => resolve(chunk.map((n) => n * n)), 1)),
  },
  async run({ steps, $ }) {
    const numbers = steps.trigger.event.body.numbers;
    const results = [];
    for (const chunk of this.chunks(numbers)) {
      results.push(...(await this.work(chunk)));
      $.send.sse({ channel: "progress", payload: { done: results.length, of: numbers.length } });
    }
    return results;
  },
});
