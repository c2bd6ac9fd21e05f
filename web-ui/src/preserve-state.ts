/* A refresh must not close what the user opened, move the focus, lose half-typed text, or scroll the page. Before a swap
   this records that state, with each element as a path from the nearest ancestor that has an id; after the swap it restores
   it. */

type Path = { id: string; steps: number[]; tag: string };

export interface PageState {
  details: { path: Path; open: boolean }[];
  fields: { path: Path; value: string; checked: boolean }[];
  scrolled: { path: Path; left: number; top: number }[];
  focus: { path: Path; selectionStart: number | null; selectionEnd: number | null } | null;
  scroll: [number, number];
}

type Field = HTMLInputElement | HTMLTextAreaElement;

const states = new WeakMap<XMLHttpRequest, PageState>();

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = (event as CustomEvent<{ xhr: XMLHttpRequest; target: Element }>).detail;
  states.set(xhr, captureState(target));
});
document.addEventListener("htmx:afterSwap", (event) => {
  const state = states.get((event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr);
  if (state) restoreState(state);
});

export function captureState(root: Element): PageState {
  const inside = <E extends Element>(selector: string) => [
    ...(root.matches(selector) ? [root as E] : []),
    ...root.querySelectorAll<E>(selector),
  ];
  const active = document.activeElement;
  const field = active instanceof HTMLInputElement || active instanceof HTMLTextAreaElement ? active : null;
  return {
    details: inside<HTMLDetailsElement>("details[id]").map((details) => ({ path: pathTo(details), open: details.open })),
    fields: inside<Field>("input, textarea")
      .filter((input) => input.value !== input.defaultValue || ("checked" in input && input.checked !== input.defaultChecked))
      .map((input) => ({ path: pathTo(input), value: input.value, checked: "checked" in input && input.checked })),
    scrolled: inside<Element>(".scroll, .menu-panel")
      .filter((element) => element.scrollLeft > 0 || element.scrollTop > 0)
      .map((element) => ({ path: pathTo(element), left: element.scrollLeft, top: element.scrollTop })),
    focus:
      active && active !== root && root.contains(active)
        ? { path: pathTo(active), selectionStart: field?.selectionStart ?? null, selectionEnd: field?.selectionEnd ?? null }
        : null,
    scroll: [scrollX, scrollY],
  };
}

export function restoreState({ details, fields, scrolled, focus, scroll }: PageState) {
  for (const { path, open } of details) {
    const element = resolve(path);
    if (element instanceof HTMLDetailsElement) element.open = open;
  }
  for (const { path, value, checked } of fields) {
    const element = resolve(path);
    if (element instanceof HTMLInputElement && (element.type === "checkbox" || element.type === "radio"))
      element.checked = checked;
    else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.value = value;
  }
  for (const { path, left, top } of scrolled) resolve(path)?.scrollTo({ left, top, behavior: "instant" });
  if (focus) restoreFocus(focus);
  scrollTo({ left: scroll[0], top: scroll[1], behavior: "instant" });
}

function restoreFocus({ path, selectionStart, selectionEnd }: NonNullable<PageState["focus"]>) {
  const element = resolve(path);
  if (element instanceof HTMLElement) element.focus({ preventScroll: true });
  if (selectionStart === null) return;
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)
    element.setSelectionRange(selectionStart, selectionEnd);
}

function pathTo(element: Element): Path {
  const steps: number[] = [];
  let at = element;
  while (!at.id && at.parentElement) {
    steps.unshift([...at.parentElement.children].indexOf(at));
    at = at.parentElement;
  }
  return { id: at.id, steps, tag: element.tagName };
}

function resolve({ id, steps, tag }: Path): Element | null {
  let at: Element | null | undefined = id ? document.getElementById(id) : document.documentElement;
  for (const step of steps) at = at?.children[step];
  return at?.tagName === tag ? at : null;
}
