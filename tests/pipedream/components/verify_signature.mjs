// A webhook's signature, checked with Node's own crypto; a wrong one throws.
import { createHmac, timingSafeEqual } from "node:crypto";

class SignatureError extends Error {
  constructor(message) {
    super(message);
    this.name = "SignatureError";
  }
}

export default {
  name: "Verify Signature",
  key: "webhooks-verify-signature",
  version: "0.1.0",
  type: "action",
  props: {
    secret: { type: "string", secret: true },
    signature: { type: "string" },
    payload: { type: "any" },
  },
  methods: {
    sign() {
      return createHmac("sha256", this.secret).update(JSON.stringify(this.payload)).digest("hex");
    },
  },
  async run({ $ }) {
    const expected = Buffer.from(this.sign());
    const given = Buffer.from(this.signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
      throw new SignatureError("The signature does not match");
    }
    $.export("$summary", "The signature is right");
    return { verified: true };
  },
};
