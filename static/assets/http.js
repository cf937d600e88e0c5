// Requests to the server of this page, and what its answers mean.

/** An answer that is no success: its status and the texts to show. */
export class Refused extends Error {
  constructor(status, texts) {
    super(texts.join("\n"));
    this.status = status;
    this.texts = texts;
  }
}

const UNREACHABLE = "The server cannot be reached. Check your connection and try again.";

export function post(path, body) {
  return send(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

export function get(path, token) {
  return send(path, { headers: token ? { authorization: `Bearer ${token}` } : {} });
}

async function send(path, options) {
  let answer, text;
  try {
    answer = await fetch(path, { ...options, cache: "no-store" });
    text = await answer.text();
  } catch {
    throw new Refused(0, [UNREACHABLE]);
  }
  const body = read(text, answer.headers.get("content-type"));
  if (!answer.ok) throw new Refused(answer.status, textsOf(body, answer.status));
  return body;
}

function read(text, type) {
  if (!text || !type?.includes("json")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// The routes of /api/accounts answer with a text, an errorMessage or a list of errors; others with a problem.
function textsOf(body, status) {
  if (typeof body === "string" && body) return [body];
  if (body?.errors?.length) return body.errors;
  const text = body?.errorMessage ?? body?.detail;
  return [text || `The server answered with status ${status}.`];
}
