// The answer as Markdown, from the small set of elements that an answer is made of.

export function markdown(node) {
  const inner = () => [...node.childNodes].map((child) => (child.nodeType === 3 ? child.data.replace(/\s+/g, " ") : markdown(child))).join("");
  switch (node.tagName) {
    case "P": return `${inner().trim()}\n\n`;
    case "STRONG": case "B": return `**${inner()}**`;
    case "EM": case "I": return `*${inner()}*`;
    case "CODE": return `\`${node.textContent}\``;
    case "LI": return `- ${inner().trim()}\n`;
    case "UL": case "OL": return `${inner()}\n`;
    case "BR": return "\n";
    case "DIV": return inner().trim();
    default: return inner();
  }
}
