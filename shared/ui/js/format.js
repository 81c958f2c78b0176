// How values are written: Indian or international grouping, rupees, dates, ages. Pure.

let style = "indian";
const cache = new Map();

export function useNumbers(name) {
  style = name;
  cache.clear();
}

export const numbers = () => style;

function numberFormat(digits, least = 0) {
  const key = `${digits}/${least}`;
  if (!cache.has(key)) {
    const locale = style === "indian" ? "en-IN" : "en-US";
    cache.set(key, new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: least }));
  }
  return cache.get(key);
}

const minus = (text) => text.replace("-", "−");
export const isNumber = (value) => typeof value === "number" || typeof value === "bigint";

export const number = (value, digits = 2, least = 0) => minus(numberFormat(digits, least).format(value));

/** 1 row, 2 rows, 1,000 rows. The window has its words in a catalogue, which knows of one and many itself. */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function money(value, digits = 2, least = 0) {
  const text = numberFormat(digits, least).format(value);
  return text.startsWith("-") ? `−₹${text.slice(1)}` : `₹${text}`;
}

export const UNITS = {
  indian: [[1e7, "crore"], [1e5, "lakh"]],
  international: [[1e9, "billion"], [1e6, "million"], [1e3, "thousand"]],
};

/** The unit in which values up to this size read best: ``[1e7, "crore"]``, or ``[1, ""]``. */
export function unitFor(largest) {
  return UNITS[style].find(([size]) => Math.abs(largest) >= size) ?? [1, ""];
}

/** 1.24 crore, 45.2 lakh, 812 */
export function short(value, format = "number") {
  const [size, word] = unitFor(Number(value));
  const scaled = Number(value) / size;
  const write = format === "money" ? money : number;
  const text = write(scaled, size === 1 ? 0 : Math.abs(scaled) >= 100 ? 1 : 2);
  return word ? `${text} ${word}` : text;
}

/** The same in the unit of another figure, for a scale: ₹0.5 crore beside ₹1 crore. */
export function shortLike(value, largest, format = "number") {
  const [size, word] = unitFor(largest);
  const text = (format === "money" ? money : number)(value / size, size === 1 && Math.abs(largest) >= 10 ? 0 : 2);
  return word && value ? `${text} ${word}` : text;
}

/** A text whose amounts stay in one line: no break behind a sign, nor before the sign of percent. */
export const unbroken = (text) => text.replace(/([+−])₹/g, "$1\u2060₹").replace(/(\d) %/g, "$1\u00a0%");

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export function date(text) {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(text ?? "");
  return found ? `${Number(found[3])} ${MONTHS[found[2] - 1]} ${found[1]}` : String(text ?? "");
}

export function month(text) {
  const found = /^(\d{4})-(\d{2})/.exec(text ?? "");
  return found ? `${MONTHS[found[2] - 1]} ${found[1]}` : String(text ?? "");
}

/** A moment in the person's own zone. */
export function clock(text, { seconds = false } = {}) {
  const when = new Date(text);
  if (Number.isNaN(when.getTime())) return String(text ?? "");
  return when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });
}

export function moment(text, options) {
  const when = new Date(text);
  if (Number.isNaN(when.getTime())) return String(text ?? "");
  return `${when.getDate()} ${MONTHS[when.getMonth()]} ${when.getFullYear()}, ${clock(text, options)}`;
}

/** 18:40 when today, with its day otherwise. */
export function clockOrDay(text) {
  const when = new Date(text);
  return when.toDateString() === new Date().toDateString() ? clock(text) : moment(text);
}

export function age(text) {
  const minutes = Math.max(0, Math.round((Date.now() - new Date(text)) / 60000));
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return hours === 1 ? "1 hour" : `${hours} hours`;
  return `${Math.round(hours / 24)} days`;
}

export function elapsed(milliseconds) {
  if (milliseconds < 10) return `${number(milliseconds, 1)} ms`;
  if (milliseconds < 100) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60000)} min ${Math.round((milliseconds % 60000) / 1000)} s`;
}

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  return count < 1048576 ? `${number(count / 1024, 1)} kB` : `${number(count / 1048576, 1)} MB`;
}

/** net_amount → Net amount; what a person has written stays as it is. */
export function heading(name) {
  if (!/^[a-z0-9_]+$/.test(name)) return name;
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** How many decimals a column shows: as many as it needs, two at most, none for large rupees. */
export function decimals(format, values) {
  const seen = values.filter(isNumber).map(Number);
  if (format === "percent") return [1, 1];
  if (!seen.some((value) => !Number.isInteger(value))) return [0, 0];
  const largest = seen.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (format === "money") return largest >= 100000 ? [0, 0] : [2, 2];
  return largest < 1 ? [4, 0] : [2, 2];
}

/** One cell as it is shown. ``digits`` comes from decimals() for its column. */
export function cell(value, format, digits = [2, 0]) {
  if (value === null || value === undefined) return "—";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isNumber(value)) {
    if (format === "money") return money(value, ...digits);
    if (format === "percent") return `${number(value, ...digits)} %`;
    return format === "number" ? number(value, ...digits) : String(value);
  }
  if (typeof value === "object") return JSON.stringify(value);
  if (format === "date") return /T\d\d:\d\d/.test(value) && !/T00:00/.test(value) ? moment(value) : date(value);
  return format === "month" ? month(value) : String(value);
}

/** The same cell for a spreadsheet: every digit, no grouping. */
export const plain = (value) =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
