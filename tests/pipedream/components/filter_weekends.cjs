// An older component: CommonJS, require, and an early end.
const assert = require("assert");

module.exports = {
  name: "Filter Weekends",
  version: "0.0.1",
  type: "action",
  props: { date: { type: "string" } },
  async run({ $ }) {
    const day = new Date(this.date).getUTCDay();
    assert(!Number.isNaN(day), `${this.date} is no date`);
    if (day === 0 || day === 6) {
      return $.flow.exit("weekend");
    }
    return { day };
  },
};
