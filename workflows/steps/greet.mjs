// A component with props and a method, such as Pipedream's builder lets people fill in.
export default defineComponent({
  props: {
    planet: { type: "string", label: "Planet" },
    crew: { type: "string[]", label: "Crew", default: ["Luke", "Leia"] },
    excited: { type: "boolean", label: "Excited", optional: true },
  },
  methods: {
    greeting(name) {
      return `${name}, welcome to ${this.planet}${this.excited ? "!" : "."}`;
    },
  },
  async run({ $ }) {
    const greetings = this.crew.map((name) => this.greeting(name));
    for (const text of greetings) {
      $.send.sse({ channel: "greetings", payload: { text } });
    }
    $.export("$summary", `Greeted ${greetings.length} on ${this.planet}`);
    return greetings;
  },
});
