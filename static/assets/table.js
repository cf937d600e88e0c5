// A table filled from a protected route.

import { complain, element } from "/assets/form.js";
import { get } from "/assets/http.js";
import { signOut, toLogin, token } from "/assets/session.js";

/** Asks `path` with the token and writes a row for each entry; `cells` gives its texts. */
export async function fill(path, cells) {
  if (!token()) return toLogin();
  try {
    const entries = await get(path, token());
    const rows = entries.map((entry) => {
      const row = element("tr");
      row.append(...cells(entry).map((text) => element("td", text)));
      return row;
    });
    document.querySelector("tbody").replaceChildren(...rows);
    document.querySelector("table").hidden = false;
  } catch (fault) {
    if (fault.status === 401) {
      signOut();
      toLogin();
    } else if (fault.status === 403) {
      location.replace("/forbidden");
    } else {
      complain(fault);
    }
  }
}
