// The text of /metrics as numbers. Pure: text in, samples out, and what can be reckoned from them.

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export class Metrics {
  constructor(text) {
    this.samples = new Map();
    for (const line of text.split("\n")) {
      const found = line.startsWith("#") ? null : LINE.exec(line);
      if (!found) continue;
      const labels = {};
      for (const [, name, value] of (found[2] ?? "").matchAll(LABEL)) labels[name] = value.replace(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
      const all = this.samples.get(found[1]) ?? [];
      all.push({ labels, value: found[3] === "+Inf" ? Infinity : Number(found[3]) });
      this.samples.set(found[1], all);
    }
  }

  has(name) {
    return this.samples.has(name);
  }

  /** The samples of a metric, those for which ``fits(labels)``. */
  of(name, fits = () => true) {
    return (this.samples.get(name) ?? []).filter(({ labels }) => fits(labels));
  }

  /** Their sum; null when there are none. */
  sum(name, fits) {
    const found = this.of(name, fits);
    return found.length ? found.reduce((total, { value }) => total + value, 0) : null;
  }

  /** The sums for each value of a label, the largest first. */
  by(name, label, fits) {
    const sums = new Map();
    for (const { labels, value } of this.of(name, fits)) sums.set(labels[label] ?? "", (sums.get(labels[label] ?? "") ?? 0) + value);
    return [...sums].sort(([, one], [, other]) => other - one);
  }

  /** A share of a histogram in its unit, such as 0.5 for the median: within its bucket by straight line. */
  quantile(name, share, fits) {
    const bounds = new Map();
    for (const { labels, value } of this.of(`${name}_bucket`, fits)) {
      const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
      bounds.set(bound, (bounds.get(bound) ?? 0) + value);
    }
    const steps = [...bounds].sort(([one], [other]) => one - other);
    const wanted = share * (steps.at(-1)?.[1] ?? 0);
    if (!wanted) return null;
    let [below, under] = [0, 0];
    for (const [bound, count] of steps) {
      if (count >= wanted) return bound === Infinity ? below : below + ((bound - below) * (wanted - under)) / (count - under || 1);
      [below, under] = [bound, count];
    }
    return below;
  }
}
