/* A refresh must not close what a person opened, take the cursor away, lose half a word or move the page. Before a swap this
   notes where those were, as a way down from the nearest id; after it, puts them back. */

type Way = { id: string; steps: number[]; tag: string };

interface Kept {
  details: { way: Way; open: boolean }[];
  fields: { way: Way; value: string; checked: boolean }[];
  scrolled: { way: Way; left: number; top: number }[];
  focus: { way: Way; from: number | null; to: number | null } | null;
  page: [number, number];
}

type Field = HTMLInputElement | HTMLTextAreaElement;

const kept = new WeakMap<XMLHttpRequest, Kept>();

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = (event as CustomEvent<{ xhr: XMLHttpRequest; target: Element }>).detail;
  kept.set(xhr, remember(target));
});
document.addEventListener("htmx:afterSwap", (event) => {
  const now = kept.get((event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr);
  if (now) restore(now);
});

export function remember(root: Element): Kept {
  const inside = <E extends Element>(selector: string) => [
    ...(root.matches(selector) ? [root as E] : []),
    ...root.querySelectorAll<E>(selector),
  ];
  const active = document.activeElement;
  const typing = active instanceof HTMLInputElement || active instanceof HTMLTextAreaElement ? active : null;
  return {
    details: inside<HTMLDetailsElement>("details[id]").map((it) => ({ way: wayTo(it), open: it.open })),
    fields: inside<Field>("input, textarea")
      .filter((it) => it.value !== it.defaultValue || ("checked" in it && it.checked !== it.defaultChecked))
      .map((it) => ({ way: wayTo(it), value: it.value, checked: "checked" in it && it.checked })),
    scrolled: inside<Element>(".scroll, .menu-panel")
      .filter((it) => it.scrollLeft > 0 || it.scrollTop > 0)
      .map((it) => ({ way: wayTo(it), left: it.scrollLeft, top: it.scrollTop })),
    focus:
      active && active !== root && root.contains(active)
        ? { way: wayTo(active), from: typing?.selectionStart ?? null, to: typing?.selectionEnd ?? null }
        : null,
    page: [scrollX, scrollY],
  };
}

export function restore(now: Kept) {
  for (const { way, open } of now.details) {
    const it = follow(way);
    if (it instanceof HTMLDetailsElement) it.open = open;
  }
  for (const { way, value, checked } of now.fields) {
    const it = follow(way);
    if (it instanceof HTMLInputElement && (it.type === "checkbox" || it.type === "radio")) it.checked = checked;
    else if (it instanceof HTMLInputElement || it instanceof HTMLTextAreaElement) it.value = value;
  }
  for (const { way, left, top } of now.scrolled) follow(way)?.scrollTo({ left, top, behavior: "instant" });
  if (now.focus) {
    const it = follow(now.focus.way);
    if (it instanceof HTMLElement) it.focus({ preventScroll: true });
    if (now.focus.from !== null && (it instanceof HTMLInputElement || it instanceof HTMLTextAreaElement))
      it.setSelectionRange(now.focus.from, now.focus.to);
  }
  scrollTo({ left: now.page[0], top: now.page[1], behavior: "instant" });
}

function wayTo(element: Element): Way {
  const steps: number[] = [];
  let at = element;
  while (!at.id && at.parentElement) {
    steps.unshift([...at.parentElement.children].indexOf(at));
    at = at.parentElement;
  }
  return { id: at.id, steps, tag: element.tagName };
}

function follow({ id, steps, tag }: Way): Element | null {
  let at: Element | null | undefined = id ? document.getElementById(id) : document.documentElement;
  for (const step of steps) at = at?.children[step];
  return at?.tagName === tag ? at : null;
}
