// Data in, data out: no `$` at all.
export default defineComponent({
  props: { rows: { type: "any" }, key: { type: "string", default: "id" } },
  run() {
    const seen = new Map();
    for (const row of this.rows) {
      if (!seen.has(row[this.key])) seen.set(row[this.key], row);
    }
    return [...seen.values()];
  },
});
