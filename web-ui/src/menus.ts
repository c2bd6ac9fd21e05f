/* <details class="menu"> and <details class="def"> open by themselves; this closes them, walks them by arrow keys and narrows
   a long list by what is typed. */
const kinds = "details.menu, details.def";
const stops = "a[href], button:not(:disabled), input:not([type=hidden]), select";

const openOnes = () => document.querySelectorAll<HTMLDetailsElement>(":is(details.menu, details.def)[open]");

document.addEventListener("click", (event) => {
  for (const menu of openOnes()) if (!menu.contains(event.target as Node)) menu.open = false;
});

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target as HTMLElement;
    if (!(menu instanceof HTMLDetailsElement) || !menu.open || !menu.matches(kinds) || !menu.contains(document.activeElement))
      return;
    if (!matchMedia("(pointer: coarse)").matches) menu.querySelector<HTMLInputElement>("[data-filter-list]")?.focus(); // a finger may not want the keyboard
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = (event.target as Element).closest<HTMLDetailsElement>(kinds);
  if (event.key === "Escape") {
    const open = menu?.open ? menu : [...openOnes()].at(-1);
    if (!open) return;
    open.open = false;
    if (!menu || open === menu) open.querySelector("summary")?.focus();
    event.preventDefault();
  } else if (menu?.matches(".menu") && ["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) walk(menu, event);
  else if (event.key === "Enter" && (event.target as Element).matches("[data-filter-list]")) {
    event.preventDefault();
    shown(listOf(event.target as HTMLInputElement))[0]
      ?.querySelector("a")
      ?.click();
  }
});

/* Tab out of a menu, and it closes. */
document.addEventListener("focusout", (event) => {
  const menu = (event.target as Element).closest<HTMLDetailsElement>(kinds);
  if (menu?.open && event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
});

function walk(menu: HTMLDetailsElement, event: KeyboardEvent) {
  const at = document.activeElement as HTMLElement;
  const field = at.matches("input, select");
  if (field && (event.key === "Home" || event.key === "End" || !at.matches("[data-filter-list]"))) return;
  event.preventDefault();
  menu.open = true;
  const all = [...menu.querySelectorAll<HTMLElement>(stops)].filter((it) => it.offsetParent !== null);
  const here = all.indexOf(at);
  const next =
    { ArrowDown: here + 1, ArrowUp: here < 0 ? all.length - 1 : here - 1, Home: 0, End: all.length - 1 }[event.key] ?? 0;
  if (next < 0) menu.querySelector("summary")?.focus();
  else all[Math.min(next, all.length - 1)]?.focus();
}

/* A filter narrows the menu that it stands in, or the list or table whose id it names. */
const listOf = (input: HTMLInputElement) =>
  input.dataset.filterList ? document.getElementById(input.dataset.filterList) : input.closest(".menu-panel");
const rows = "li:not(li li), tbody tr";
const shown = (list: Element | null) => [...(list?.querySelectorAll<HTMLElement>(rows) ?? [])].filter((it) => !it.hidden);
const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

document.addEventListener("input", (event) => {
  const input = event.target as HTMLInputElement;
  if (!input.matches("[data-filter-list]")) return;
  const list = listOf(input);
  if (!list) return;
  const words = plain(input.value).split(/\s+/).filter(Boolean);
  for (const row of list.querySelectorAll<HTMLElement>(rows)) {
    const text = plain(row.textContent ?? "");
    row.hidden = !words.every((word) => text.includes(word));
  }
  const empty = list.querySelector<HTMLElement>("[data-filter-empty]");
  if (empty) empty.hidden = shown(list).length > 0;
});
