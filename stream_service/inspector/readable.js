// Lays JSON out for reading, token by token: parsing would round large numbers, and sort keys that look like numbers.

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^[\]{},:"\s]+/g;

export function readable(json) {
  let depth = 0;
  let before = "";
  let text = "";
  for (const [token] of json.matchAll(TOKEN)) {
    const closes = token === "]" || token === "}";
    depth -= closes ? 1 : 0;
    const isEmpty = closes && (before === "[" || before === "{");
    if ((closes && !isEmpty) || (!closes && "[{,".includes(before) && before !== "")) {
      text += `\n${"  ".repeat(depth)}`;
    }
    text += token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token === ":" ? ": " : token;
    depth += token === "[" || token === "{" ? 1 : 0;
    before = token;
  }
  return text;
}
