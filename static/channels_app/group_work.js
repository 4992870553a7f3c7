// Lists with a box per line: tick all, tick none, and how many are ticked.

const boxes = (list) => [...list.querySelectorAll("input[type=checkbox]")];

function tell(list) {
  const counter = list.querySelector("[data-tick-count]");
  if (counter) counter.textContent = `${boxes(list).filter((box) => box.checked).length.toLocaleString()} selected`;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tick]");
  const list = button?.closest("[data-tick-list]");
  if (!list) return;
  for (const box of boxes(list)) box.checked = button.dataset.tick === "all";
  tell(list);
});
document.addEventListener("change", (event) => {
  const list = event.target.closest("[data-tick-list]");
  if (list) tell(list);
});
