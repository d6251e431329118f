// Promise.all over what a previous step returned; each branch sends by itself.
export default defineComponent({
  async run({ steps, $ }) {
    const lengthOf = async (word) => {
      await new Promise((resolve) => setTimeout(resolve, word.length));
      return { word, length: word.length };
    };
    const results = await Promise.all(steps.words.$return_value.map(lengthOf));
    await Promise.all(results.map((payload) => $.send.sse({ channel: "words", payload })));
    return Object.fromEntries(results.map(({ word, length }) => [word, length]));
  },
});
