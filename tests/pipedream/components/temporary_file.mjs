// Writes to a temporary folder, and reads it in the same step.
import { mkdtemp, readFile, rm, writeFile } from "fs/promises";
import { tmpdir } from "os";
import path from "path";

export default defineComponent({
  async run({ steps }) {
    const folder = await mkdtemp(path.join(tmpdir(), "step-"));
    try {
      const file = path.join(folder, "body.json");
      await writeFile(file, JSON.stringify(steps.trigger.event.body));
      return { bytes: (await readFile(file)).length };
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});
