// A code step with one prop, as the builder's form fills it in.
export default defineComponent({
  props: {
    firstName: {
      type: "string",
      label: "Your first name",
      default: "Dylan",
    },
  },
  async run({ steps, $ }) {
    console.log(`Hello ${this.firstName}, congrats on crafting your first prop!`);
    await $.send.sse({ channel: "greetings", payload: { text: `Hello ${this.firstName}` } });
    $.export("$summary", `Greeted ${this.firstName}`);
    return this.firstName;
  },
});
