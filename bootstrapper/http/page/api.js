/** Talking to the bootstrapper as the browser's session: reading freely, changing only with the session's own word. */

let csrf = "";

/** Throws an Error with `status` and `hint` when the answer is a refusal, without `status` when there is none. */
export async function call(path, { method = "GET", headers = {} } = {}) {
  const word = method === "GET" ? {} : { "X-Sextant-Csrf": csrf };
  const answer = await fetch(path, { method, headers: { Accept: "application/json", ...word, ...headers }, credentials: "same-origin" });
  const body = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error), { status: answer.status, hint: body.hint });
  return body;
}

/** Whether this browser is signed in already. */
export async function resume() {
  csrf = (await call("/session")).csrf ?? "";
  return csrf !== "";
}

export async function signIn(token) {
  csrf = (await call("/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } })).csrf;
}

export async function signOut() {
  await call("/session", { method: "DELETE" }).catch(() => {}); // the session may be gone already
  csrf = "";
}
