// A step in the middle: reads what the step before returned, and exports by name.
import { format } from "./lib/money.mjs";

export default defineComponent({
  props: {
    currency: { type: "string", options: ["EUR", "USD"], default: "EUR" },
    discountPercent: { type: "integer", min: 0, max: 100, default: 0 },
  },
  async run({ steps, $ }) {
    const { items } = steps.validate_order.$return_value;
    const lines = items.map(({ sku, price, quantity = 1 }) => ({ sku, total: price * quantity }));
    const total = lines.reduce((sum, line) => sum + line.total, 0) * (1 - this.discountPercent / 100);
    $.export("lines", lines);
    $.export("total", total);
    $.send.sse({ channel: "orders", payload: { total: format(total, this.currency) } });
  },
});
