// Keeps a part of the events, by a hash of their id, the same part each time.
import crypto from "crypto";

export default defineComponent({
  props: { percent: { type: "integer", min: 0, max: 100 } },
  async run({ steps, $ }) {
    const { id } = steps.trigger.event.body;
    const bucket = crypto.createHash("md5").update(id).digest().readUInt32BE() % 100;
    if (bucket >= this.percent) return $.flow.exit(`${id} is left out`);
    $.export("bucket", bucket);
  },
});
