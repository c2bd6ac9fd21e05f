/* A month or a week is walked by keys from any day of it: arrows a day or a week, Home and End the ends of the week, Page Up and
   Page Down the month or week before and after, as the calendar's own links do. A day that is not on the page is on the one
   that they lead to: it is remembered, and has the focus there. Tab goes on from where one stands. */
const kept = "tetherboard.day";
const dayMs = 86_400_000;
const back = ["ArrowLeft", "ArrowUp", "PageUp"];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
  const cell = (event.target as Element).closest<HTMLTableCellElement>(".cal-t td[data-day]");
  const day = cell && dayOf(cell, event.key);
  if (!day) return;
  event.preventDefault();
  const here = event.key.startsWith("Page") ? null : found(day);
  if (here) here.focus();
  else if (!event.repeat) turn(back.includes(event.key) ? "prev" : "next", day);
});

/* Where a key leads from a cell. */
function dayOf(cell: HTMLTableCellElement, key: string) {
  const from = cell.dataset.day!;
  const last = (cell.parentElement as HTMLTableRowElement).cells.length - 1;
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -cell.cellIndex, End: last - cell.cellIndex }[
    key
  ];
  if (days !== undefined) return text(Date.parse(from) + days * dayMs);
  const step = { PageUp: -1, PageDown: 1 }[key];
  if (step === undefined) return null;
  return cell.closest(".week") ? text(Date.parse(from) + step * 7 * dayMs) : inMonth(step, Number(from.slice(8)));
}

/* That day of the month before or after the one shown; where it is too short, its last. */
function inMonth(step: number, day: number) {
  const first = document.querySelector<HTMLElement>(".cal-t td[data-day]:not(.out)")!;
  const [year, month] = first.dataset.day!.split("-").map(Number) as [number, number];
  const last = new Date(Date.UTC(year, month + step, 0)).getUTCDate();
  return text(Date.UTC(year, month - 1 + step, Math.min(day, last)));
}

function turn(rel: string, day: string) {
  const link = document.querySelector<HTMLAnchorElement>(`.sched-head a[rel=${rel}]`);
  if (!link) return;
  sessionStorage.setItem(kept, day);
  link.click();
}

function found(day: string) {
  return document.querySelector<HTMLElement>(`.cal-t td[data-day="${day}"] > .dn`);
}

function text(ms: number) {
  return new Date(ms).toISOString().slice(0, 10);
}

const asked = sessionStorage.getItem(kept);
sessionStorage.removeItem(kept);
if (asked) found(asked)?.focus();
