// Run inside the page: gives what is on screen as SVG text. Boxes, lines of text, icons, charts; no images.
() => {
  const out = [];
  const round = (value) => Math.round(value * 100) / 100;
  const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  const seen = (colour) => colour && colour !== "transparent" && !/,\s*0\)$/.test(colour);
  const pen = document.createElement("canvas").getContext("2d");
  const cross = (a, b) => ({ left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) });

  function box(rect, style, clip) {
    const at = cross(rect, clip);
    const [width, height] = [at.right - at.left, at.bottom - at.top];
    if (width <= 0 || height <= 0) return;
    const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, height / 2, width / 2);
    const round_ = radius ? ` rx="${round(radius)}"` : "";
    const sides = ["Top", "Right", "Bottom", "Left"].map((side) => [parseFloat(style[`border${side}Width`]), style[`border${side}Color`], style[`border${side}Style`]]);
    const drawn = sides.map(([size, colour, kind]) => size > 0 && kind !== "none" && seen(colour));
    const fill = seen(style.backgroundColor) ? style.backgroundColor : "none";
    if (drawn.every(Boolean)) {
      out.push(`<rect x="${round(at.left + 0.5)}" y="${round(at.top + 0.5)}" width="${round(width - 1)}" height="${round(height - 1)}"${round_} fill="${fill}" stroke="${sides[0][1]}"/>`);
      return;
    }
    if (fill !== "none") out.push(`<rect x="${round(at.left)}" y="${round(at.top)}" width="${round(width)}" height="${round(height)}"${round_} fill="${fill}"/>`);
    const edges = [[rect.left, rect.top + 0.5, rect.right, rect.top + 0.5], [rect.right - 0.5, rect.top, rect.right - 0.5, rect.bottom], [rect.left, rect.bottom - 0.5, rect.right, rect.bottom - 0.5], [rect.left + 0.5, rect.top, rect.left + 0.5, rect.bottom]];
    edges.forEach(([x1, y1, x2, y2], side) => {
      const inside = Math.min(y1, y2) >= clip.top - 1 && Math.max(y1, y2) <= clip.bottom + 1;
      if (drawn[side] && inside) out.push(`<path d="M${round(Math.max(x1, clip.left))} ${round(y1)}L${round(Math.min(x2, clip.right))} ${round(y2)}" stroke="${sides[side][1]}"/>`);
    });
  }

  function words(text, rect, style) {
    if (!text.trim()) return;
    pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = pen.measureText(text);
    const base = rect.top + (rect.bottom - rect.top - up - down) / 2 + up;
    const mono = /mono/i.test(style.fontFamily.split(",")[0]) ? ' class="m"' : "";
    const weight = style.fontWeight === "400" ? "" : ` font-weight="${style.fontWeight}"`;
    out.push(`<text${mono} x="${round(rect.left)}" y="${round(base)}" font-size="${parseFloat(style.fontSize)}"${weight} fill="${style.color}" textLength="${round(rect.right - rect.left)}" lengthAdjust="spacingAndGlyphs">${escape(text)}</text>`);
    if (style.textDecorationLine.includes("underline")) out.push(`<path d="M${round(rect.left)} ${round(base + 4.5)}H${round(rect.right)}" stroke="${style.textDecorationColor}" stroke-width="1.5"/>`);
  }

  function textNode(node, style, clip) {
    const range = document.createRange();
    let line = null;
    const lines = [];
    for (let at = 0; at < node.length; at++) {
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const rect = range.getClientRects()[0];
      if (!rect || !rect.width) continue;
      if (!line || Math.abs(rect.top - line.top) > 3) lines.push((line = { text: "", top: rect.top, bottom: rect.bottom, left: rect.left, right: rect.right }));
      if (rect.right > clip.right + 0.5) {
        if (!line.cut && line.text) line.text = `${line.text.slice(0, -1)}…`;
        line.cut = true;
      } else if (!line.cut) {
        if (!line.text && !/\S/.test(node.data[at])) {
          line.left = rect.right; // some viewers drop a space at the beginning of a text
          continue;
        }
        line.text += node.data[at].replace(/\s/, " ");
        if (/\S/.test(node.data[at])) line.right = rect.right;
      }
    }
    for (const each of lines) if (each.top >= clip.top - 1 && each.bottom <= clip.bottom + 1 && each.left >= clip.left - 1) words(each.text.trimEnd(), each, style);
  }

  function svg(element, rect, style, clip) {
    if (rect.top < clip.top - 1 || rect.bottom > clip.bottom + 1) return;
    const use = element.querySelector("use");
    if (use) {
      const symbol = document.querySelector(use.getAttribute("href"));
      out.push(`<g transform="translate(${round(rect.left)} ${round(rect.top)}) scale(${round(rect.width / 16)})" fill="${style.fill}" stroke="${style.stroke}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${symbol.innerHTML}</g>`);
      return;
    }
    const copy = element.cloneNode(true);
    const from = [...element.querySelectorAll("*")];
    [...copy.querySelectorAll("*")].forEach((shape, at) => {
      const look = getComputedStyle(from[at]);
      if (shape.matches(".v-bg, .v-line")) for (const name of ["fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"]) shape.setAttribute(name, look[name]);
      if (shape.getAttribute("font-family")) shape.removeAttribute("font-family");
      for (const { name } of [...shape.attributes]) if (name === "class" || name.startsWith("aria-") || name === "role" || name === "pointer-events") shape.removeAttribute(name);
    });
    for (const [name, value] of Object.entries({ x: round(rect.left), y: round(rect.top), width: round(rect.width), height: round(rect.height), overflow: "visible" })) copy.setAttribute(name, value);
    for (const name of ["class", "style", "aria-hidden"]) copy.removeAttribute(name);
    out.push(new XMLSerializer().serializeToString(copy));
  }

  /** What a field says, or what it invites to; a circle or a box with its mark. */
  function field(element, rect, style) {
    if (["radio", "checkbox"].includes(element.type)) {
      const [x, y, size] = [round(rect.left + rect.width / 2), round(rect.top + rect.height / 2), round(rect.width / 2)];
      const colour = element.checked ? style.accentColor : style.color;
      out.push(element.type === "radio"
        ? `<circle cx="${x}" cy="${y}" r="${size - 0.5}" fill="none" stroke="${colour}"/>${element.checked ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${colour}"/>` : ""}`
        : `<rect x="${x - size}" y="${y - size}" width="${2 * size}" height="${2 * size}" rx="2" fill="${element.checked ? colour : "none"}" stroke="${colour}"/>`);
      return;
    }
    const said = element.tagName === "SELECT" ? element.selectedOptions[0]?.text : element.value;
    const text = said || element.placeholder || "";
    const inside = element.tagName === "TEXTAREA" ? parseFloat(style.lineHeight) : rect.height - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const [left, top] = [rect.left + parseFloat(style.paddingLeft) + 1, rect.top + parseFloat(style.paddingTop)];
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    words(text, { left, top, bottom: top + inside, right: left + pen.measureText(text).width }, { ...style, fontStyle: "normal", fontWeight: "400", fontSize: style.fontSize, fontFamily: style.fontFamily, textDecorationLine: "", color: said ? style.color : getComputedStyle(document.querySelector(".status")).color });
  }

  function walk(element, clip) {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0" || element.matches(".vh, .sprite, .skip, .scrim, script, option")) return;
    const rect = element.getBoundingClientRect();
    if (element.tagName === "svg") return svg(element, rect, style, clip);
    if (style.display !== "contents") box(rect, style, clip);
    if (element.matches("textarea, input, select")) return rect.bottom <= clip.bottom + 1 ? field(element, rect, style) : null;
    const inner = /hidden|auto|scroll|clip/.test(style.overflowX + style.overflowY) ? cross(clip, rect) : clip;
    if (inner.right <= inner.left || inner.bottom <= inner.top) return;
    const after = [];
    for (const child of element.childNodes) {
      if (child.nodeType === 3) textNode(child, style, inner);
      else if (child.nodeType === 1) (["sticky", "fixed"].includes(getComputedStyle(child).position) ? after : [child]).forEach((each) => (after.includes(each) ? null : walk(each, inner)));
      if (child.nodeType === 1 && getComputedStyle(child).position === "sticky") after.push(child);
    }
    for (const child of after) walk(child, inner);
  }

  walk(document.body, { left: 0, top: 0, right: innerWidth, bottom: innerHeight });
  const font = "system-ui,-apple-system,Segoe UI,Inter,Noto Sans,DejaVu Sans,sans-serif";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${innerWidth} ${innerHeight}" font-family="${font}" role="img" aria-label="${escape(document.title)}"><style>text{white-space:pre}.m{font-family:ui-monospace,Consolas,monospace}</style><rect width="${innerWidth}" height="${innerHeight}" rx="10" fill="${getComputedStyle(document.body).backgroundColor}"/>${out.join("\n")}</svg>\n`;
}
