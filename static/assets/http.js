// Requests to the server of this page, and what its refusals mean.

const PATIENCE_MS = 20_000;
const TOLERATED_SKEW_MS = 5_000;

let skew = 0;

/** An answer that is no success, or none at all: `code` tells which, the rest comes from the server. */
export class Problem extends Error {
  constructor(code, status, details = {}) {
    super(code);
    Object.assign(this, details, { code, status });
  }
}

/** Asks and gives the JSON of the answer, if it has any. */
export async function send(method, path, { body, token } = {}) {
  const headers = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers.authorization = `Bearer ${token}`;
  let answer, text;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const options = { method, headers, signal, cache: "no-store", body: body && JSON.stringify(body) };
    answer = await fetch(path, options);
    text = await answer.text();
  } catch (fault) {
    throw new Problem(whyNone(fault), 0);
  }
  measure(answer.headers.get("date"));
  const json = parse(text);
  if (!answer.ok) throw new Problem(json?.code ?? codeOf(answer.status), answer.status, json ?? {});
  return json;
}

/** What a time of the server is on the clock of this device, in milliseconds. */
export function local(time) {
  return Date.parse(time) - skew;
}

function whyNone(fault) {
  if (!navigator.onLine) return "offline";
  return fault.name === "TimeoutError" ? "timeout" : "unreachable";
}

// A device whose clock is wrong still counts down to the right moment.
function measure(date) {
  const found = Date.parse(date) - Date.now();
  skew = Math.abs(found) > TOLERATED_SKEW_MS ? found : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Some routes refuse without a body.
function codeOf(status) {
  return { 401: "unauthorized", 403: "forbidden", 404: "not_found" }[status] ?? "unexpected";
}
