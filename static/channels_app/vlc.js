// "Open in VLC": tries vlc://, and what the setting says where nothing answers (10 §19).

const ANSWER_MS = 500; // a browser that starts VLC, or asks whether it may, takes the focus away within this time
const SHOWN_MS = 8000;

const FAILED = { 404: "There is nothing to play here.", 401: "Your sign-in has ended." };

// ``url`` answers scripts with the address and the wanted behaviour, people with the help.
export async function openInVlc(url, m3u) {
  const answer = await fetch(url, { headers: { Accept: "text/plain" } }).catch(() => null);
  if (!answer?.ok) return window.ecm.toast("error", FAILED[answer?.status] ?? "The address could not be read. Try again.");
  const behaviour = answer.headers.get("X-VLC-Behavior");
  if (behaviour === "m3u_only") return download(m3u);
  if (await starts(`vlc://${(await answer.text()).trim()}`)) return undefined;
  if (behaviour === "protocol_only") return help(url);
  download(m3u);
  window.ecm.toast("info", "VLC did not start, so here is an M3U file that it opens. Settings → Preview & Players has other ways.", { shown: SHOWN_MS });
  return undefined;
}

function starts(address) {
  return new Promise((resolve) => {
    const events = new AbortController();
    const end = (done) => {
      events.abort();
      window.clearTimeout(timer);
      resolve(done);
    };
    const timer = window.setTimeout(() => end(false), ANSWER_MS);
    window.addEventListener("blur", () => end(true), { signal: events.signal });
    document.addEventListener("visibilitychange", () => document.hidden && end(true), { signal: events.signal });
    window.location.assign(address);
  });
}

function download(url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

const help = (url) => window.htmx.ajax("GET", url, { target: "#dialog-body", swap: "innerHTML" });

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-open-in-vlc]");
  if (!link) return;
  event.preventDefault();
  openInVlc(link.dataset.openInVlc, link.dataset.m3u);
});
