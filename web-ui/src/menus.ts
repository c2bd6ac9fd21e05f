/* <details class="menu"> and <details class="def"> open without a script. This closes them, moves through a menu with the
   arrow keys, and filters a long list by what the user types. */
const popups = "details.menu, details.def";
const menuItems = "a[href], button:not(:disabled), input:not([type=hidden]), select";

const openPopups = () => document.querySelectorAll<HTMLDetailsElement>(":is(details.menu, details.def)[open]");

document.addEventListener("click", (event) => {
  for (const popup of openPopups()) if (!popup.contains(event.target as Node)) popup.open = false;
});

document.addEventListener(
  "toggle",
  (event) => {
    const popup = event.target as HTMLElement;
    if (!(popup instanceof HTMLDetailsElement) || !popup.open || !popup.matches(popups)) return;
    if (!popup.contains(document.activeElement)) return;
    if (matchMedia("(pointer: coarse)").matches) return; // focusing a field would open the on-screen keyboard
    popup.querySelector<HTMLInputElement>("[data-filter-list]")?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const target = event.target as Element;
  const popup = target.closest<HTMLDetailsElement>(popups);
  if (event.key === "Escape") {
    const open = popup?.open ? popup : [...openPopups()].at(-1);
    if (!open) return;
    open.open = false;
    if (!popup || open === popup) open.querySelector("summary")?.focus();
    event.preventDefault();
  } else if (popup?.matches(".menu") && ["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) moveFocus(popup, event);
  else if (event.key === "Enter" && target.matches("[data-filter-list]")) {
    event.preventDefault();
    visibleRows(listOf(target as HTMLInputElement))[0]
      ?.querySelector("a")
      ?.click();
  }
});

/* A menu closes when the focus leaves it. */
document.addEventListener("focusout", (event) => {
  const popup = (event.target as Element).closest<HTMLDetailsElement>(popups);
  if (popup?.open && event.relatedTarget instanceof Node && !popup.contains(event.relatedTarget)) popup.open = false;
});

function moveFocus(menu: HTMLDetailsElement, event: KeyboardEvent) {
  const active = document.activeElement as HTMLElement;
  const isField = active.matches("input, select");
  if (isField && (event.key === "Home" || event.key === "End" || !active.matches("[data-filter-list]"))) return;
  event.preventDefault();
  menu.open = true;
  const items = [...menu.querySelectorAll<HTMLElement>(menuItems)].filter((item) => item.offsetParent !== null);
  const here = items.indexOf(active);
  const last = items.length - 1;
  const next = { ArrowDown: here + 1, ArrowUp: here < 0 ? last : here - 1, Home: 0, End: last }[event.key] ?? 0;
  if (next < 0) menu.querySelector("summary")?.focus();
  else items[Math.min(next, last)]?.focus();
}

/* A filter applies to the menu that contains it, or to the list or table whose id it names. */
const listOf = (input: HTMLInputElement) =>
  input.dataset.filterList ? document.getElementById(input.dataset.filterList) : input.closest(".menu-panel");
const rows = "li:not(li li), tbody tr";
const visibleRows = (list: Element | null) => [...(list?.querySelectorAll<HTMLElement>(rows) ?? [])].filter((row) => !row.hidden);
const normalize = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

document.addEventListener("input", (event) => {
  const input = event.target as HTMLInputElement;
  if (!input.matches("[data-filter-list]")) return;
  const list = listOf(input);
  if (!list) return;
  const terms = normalize(input.value).split(/\s+/).filter(Boolean);
  for (const row of list.querySelectorAll<HTMLElement>(rows)) {
    const text = normalize(row.textContent ?? "");
    row.hidden = !terms.every((term) => text.includes(term));
  }
  const empty = list.querySelector<HTMLElement>("[data-filter-empty]");
  if (empty) empty.hidden = visibleRows(list).length > 0;
});
