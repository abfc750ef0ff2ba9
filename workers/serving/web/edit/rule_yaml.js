// Rules as the YAML that `wardstream rule import` takes: the same record comes of both.

const WORDS = new Set(["kind", "one_per", "bound", "tier", "stage"]);

/** Rules, each a record of the API, as one YAML file; what is empty is left out, as it is the usual. */
export function toYaml(rules) {
  return rules.map((rule) => entry(rule)).join("") || "[]\n";
}

function entry(rule) {
  const given = Object.entries(rule).filter(([, value]) => !(value === null || value === "" || (Array.isArray(value) && !value.length)));
  return given.map(([field, value], i) => `${i ? "  " : "- "}${field}: ${text(field, value)}\n`).join("");
}

function text(field, value) {
  if (Array.isArray(value)) return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  return typeof value === "string" && !WORDS.has(field) ? JSON.stringify(value) : String(value);
}

/** Let the browser save a YAML file. */
export function saveYaml(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/yaml" }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
