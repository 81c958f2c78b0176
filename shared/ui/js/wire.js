// What both sides of a call look like in JSON: failures, long numbers, the query part of an address. Draws nothing.

/** A failure in the reader's words, as the server's envelope gives it. */
export class ApiError extends Error {
  constructor(message, { code = "", status = 0, details = "", retryAfter = null } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
    this.retryAfter = retryAfter;
  }
}

export async function failure(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    body = {};
  }
  return new ApiError(body.error ?? `The request failed (${response.status}).`, {
    code: body.code ?? "",
    status: response.status,
    details: body.details ?? "",
    retryAfter: body.retry_after ?? null,
  });
}

/** JSON in which a whole number too long for a double keeps all its digits. */
export function decode(text) {
  if (!text) return null;
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (key, value, context) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    return /^-?\d{16,}$/.test(context?.source ?? "") ? BigInt(context.source) : value;
  });
}

export const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "")).toString();
