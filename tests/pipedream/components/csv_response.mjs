// Answers the caller with a file.
export default defineComponent({
  async run({ steps, $ }) {
    const rows = steps.trigger.event.body;
    const columns = Object.keys(rows[0] ?? {});
    const quote = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    const csv = [columns, ...rows.map((row) => columns.map((name) => row[name]))]
      .map((cells) => cells.map(quote).join(","))
      .join("\r\n");
    await $.respond({
      status: 200,
      headers: { "content-type": "text/csv", "content-disposition": 'attachment; filename="rows.csv"' },
      body: Buffer.from(csv),
    });
  },
});
