/* Keyboard navigation in the calendar: the arrows move by a day or a week, Home and End to the ends of the week, Page Up and
   Page Down to the previous and next month or week, like the calendar's own links. When the target day is on another page,
   it is remembered and gets the focus there. */
const storageKey = "tetherboard.day";
const dayMs = 86_400_000;
const backwardKeys = ["ArrowLeft", "ArrowUp", "PageUp"];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
  const cell = (event.target as Element).closest<HTMLTableCellElement>(".cal-t td[data-day]");
  const day = cell && targetDay(cell, event.key);
  if (!day) return;
  event.preventDefault();
  const link = event.key.startsWith("Page") ? null : dayLink(day);
  if (link) link.focus();
  else if (!event.repeat) turnPage(backwardKeys.includes(event.key) ? "prev" : "next", day);
});

/* The day that a key leads to, or null for any other key. */
function targetDay(cell: HTMLTableCellElement, key: string) {
  const from = cell.dataset.day!;
  const last = (cell.parentElement as HTMLTableRowElement).cells.length - 1;
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -cell.cellIndex, End: last - cell.cellIndex }[
    key
  ];
  if (days !== undefined) return isoDay(Date.parse(from) + days * dayMs);
  const step = { PageUp: -1, PageDown: 1 }[key];
  if (step === undefined) return null;
  return cell.closest(".week") ? isoDay(Date.parse(from) + step * 7 * dayMs) : dayOfMonth(step, Number(from.slice(8)));
}

/* The same day of the previous or next month, or its last day if the month is too short. */
function dayOfMonth(step: number, day: number) {
  const first = document.querySelector<HTMLElement>(".cal-t td[data-day]:not(.out)")!;
  const [year, month] = first.dataset.day!.split("-").map(Number) as [number, number];
  const last = new Date(Date.UTC(year, month + step, 0)).getUTCDate();
  return isoDay(Date.UTC(year, month - 1 + step, Math.min(day, last)));
}

function turnPage(rel: string, day: string) {
  const link = document.querySelector<HTMLAnchorElement>(`.sched-head a[rel=${rel}]`);
  if (!link) return;
  sessionStorage.setItem(storageKey, day);
  link.click();
}

function dayLink(day: string) {
  return document.querySelector<HTMLElement>(`.cal-t td[data-day="${day}"] > .dn`);
}

function isoDay(ms: number) {
  return new Date(ms).toISOString().slice(0, 10);
}

const remembered = sessionStorage.getItem(storageKey);
sessionStorage.removeItem(storageKey);
if (remembered) dayLink(remembered)?.focus();
