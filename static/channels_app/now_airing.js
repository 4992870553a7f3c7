// Keeps the titles of what is on air right: when the first programme that is shown ends, the rows whose programme is over
// are asked for, all of them together. Nothing is asked while the page is hidden or nothing ends.

import { channelTree, channelsUrl, idOf } from "./dom.js";

const AT_MOST = 100; // rows of one request
const LEAST_PAUSE = 20_000; // ms between two requests, however many programmes end
const LONGEST_WAIT = 3_600_000;
const FAILED_PAUSE = 120_000;

let timer = null;
let notBefore = 0;

const places = () => [...channelTree().querySelectorAll(".cm-now[data-until]")];
const endOf = (place) => Number(place.dataset.until) * 1000;

export function settleNowAiring() {
  window.clearTimeout(timer);
  const ends = places().map(endOf);
  if (!ends.length || document.hidden) return;
  const first = ends.reduce((least, end) => Math.min(least, end), Infinity);
  // Not all open pages at the same second.
  const wait = Math.max(first - Date.now(), notBefore - Date.now(), 0) + 2000 + Math.random() * 6000;
  timer = window.setTimeout(ask, Math.min(wait, LONGEST_WAIT));
}

async function ask() {
  if (document.hidden) return; // coming back starts it again
  const over = places().filter((place) => endOf(place) <= Date.now()).slice(0, AT_MOST);
  notBefore = Date.now() + LEAST_PAUSE;
  if (over.length) {
    const ids = over.map((place) => idOf(place.closest(".cm-channel"))).join(",");
    try {
      const answer = await fetch(`${channelsUrl("now/")}?ids=${ids}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { rows } = await answer.json();
      for (const place of over) put(place, rows[idOf(place.closest(".cm-channel"))]);
    } catch (error) {
      notBefore = Date.now() + FAILED_PAUSE; // titles are a comfort: what is shown stays, and later is early enough
    }
  }
  settleNowAiring();
}

function put(place, row) {
  const [title, until, hint] = row ?? ["", 0, ""];
  place.textContent = title;
  if (hint) place.title = hint;
  else place.removeAttribute("title");
  if (until * 1000 > Date.now()) place.dataset.until = until;
  else delete place.dataset.until; // the guide ends here
}

document.addEventListener("visibilitychange", settleNowAiring);
