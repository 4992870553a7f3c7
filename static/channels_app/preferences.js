// Keeps what somebody left the screen like: sent together, a moment after the last change.

import { debounced, post } from "./dom.js";

let waiting = {};

const save = debounced(800, () => {
  const values = waiting;
  waiting = {};
  post("preferences/", values);
});

export function remember(values) {
  Object.assign(waiting, values);
  save();
}
