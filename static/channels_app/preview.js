// Fetches the player when a preview opens, and stops it when the dialog closes. Small: it is part of every page with channels.

import "./vlc.js";

let current = null;

async function begin(box) {
  end();
  const mine = { box, player: null };
  current = mine;
  try {
    const module = await import(box.dataset.script);
    await module.loadLibrary(box.dataset.library);
    if (current === mine) mine.player = module.play(box);
  } catch {
    if (current === mine) box.querySelector("[data-pv-state]").textContent = "The player could not be loaded. Reload the page.";
  }
}

function end() {
  current?.player?.stop();
  current = null;
}

const look = () => {
  const box = document.querySelector("[data-preview]");
  if (box && box !== current?.box) begin(box);
  else if (!box && current) end();
};

document.addEventListener("htmx:afterSwap", look);
// "close" does not bubble; the dialog is emptied in it.
document.addEventListener("close", (event) => event.target.id === "dialog" && end(), true);
window.addEventListener("pagehide", end);
look();
