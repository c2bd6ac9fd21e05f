/* A candidate over the list that it was opened from. The server's own page of it is fetched and its article shown in a modal
   dialog, at the candidate's own address: back closes it, a refresh or a pasted address shows the whole page. Without this a
   link marked data-candidate is a plain link. */
import { remember, restore } from "./keep";

const marked = "a[data-candidate]";
const whole = "main article.candidate";

const here = () => location.pathname + location.search;
const address = (href: string) => {
  const { pathname, search } = new URL(href, location.href);
  return pathname + search;
};

/* The address that this document itself is of. */
const own = here();
let title = document.title;

let dialog: HTMLDialogElement | null = null;
let shown: string | null = null;
let opener: HTMLElement | null = null;
let leaving = false;
let asked: AbortController | null = null;

document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>(marked);
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  /* On a candidate's own page there is no list to lie over. */
  if (document.querySelector(whole)) return;
  event.preventDefault();
  if (leaving) return;
  const active = document.activeElement;
  opener = !link.closest("main") && active instanceof HTMLElement ? active : null;
  const to = address(link.href);
  if (shown) history.replaceState({ candidate: true }, "", to);
  else history.pushState({ candidate: true }, "", to);
  void show(to);
});

addEventListener("popstate", (event) => {
  leaving = false;
  if (here() === own) hide();
  else if ((event.state as { candidate?: boolean } | null)?.candidate && !document.querySelector(whole)) {
    opener = null;
    void show(here());
  } else location.reload();
});

/* A sync landed: the list under the drawer refreshes itself, and so does the drawer. */
document.body.addEventListener("data-landed", () => {
  if (shown && !document.hidden) void load(shown, true);
});
document.addEventListener("htmx:afterSwap", place);

async function show(to: string) {
  const box = (dialog ??= made());
  if (!box.open) {
    title = document.title;
    box.replaceChildren(words("Loading …"));
    box.showModal();
  }
  await load(to, false);
}

async function load(to: string, again: boolean) {
  asked?.abort();
  const mine = (asked = new AbortController());
  shown = to;
  const box = dialog!;
  box.ariaBusy = "true";
  try {
    const answer = await fetch(to, { signal: mine.signal, headers: { accept: "text/html" } });
    const text = await answer.text();
    if (shown !== to || mine.signal.aborted) return;
    /* The session ended: a refresh leaves what is shown, a person is led to sign in. */
    if (answer.redirected) return again ? undefined : location.reload();
    const page = new DOMParser().parseFromString(text, "text/html");
    const article = page.querySelector<HTMLElement>(whole);
    if (!article) {
      if (!again) box.replaceChildren(words(page.querySelector("main")?.textContent ?? "It could not be shown."));
      return;
    }
    document.title = page.title;
    put(article, again);
  } catch {
    if (!mine.signal.aborted && !again) box.replaceChildren(words("It could not be loaded. Close this and try again."));
  } finally {
    if (asked === mine) box.ariaBusy = null;
  }
}

function put(article: HTMLElement, again: boolean) {
  const box = dialog!;
  const pressed = (document.activeElement as HTMLElement | null)?.dataset.drawer;
  const kept = again ? remember(box) : null;
  const top = again ? box.scrollTop : 0;
  box.replaceChildren(article);
  article.querySelector<HTMLElement>("[data-drawer-head]")!.hidden = false;
  place();
  box.scrollTop = top;
  box.dispatchEvent(new Event("swapped-in", { bubbles: true }));
  if (kept) return restore(kept);
  const arrow =
    pressed && pressed !== "close" ? article.querySelector<HTMLButtonElement>(`[data-drawer=${pressed}]:not(:disabled)`) : null;
  const name = article.querySelector<HTMLElement>("h1");
  if (name) name.tabIndex = -1;
  (arrow ?? name)?.focus({ preventScroll: true });
}

/* Which of the list's candidates it is. A candidate may stand in the list more than once. */
function list() {
  return [...new Set([...document.querySelectorAll<HTMLAnchorElement>(`main ${marked}`)].map((link) => address(link.href)))];
}

function place() {
  if (!shown || !dialog) return;
  const all = list();
  const at = all.indexOf(shown);
  const said = dialog.querySelector<HTMLElement>("[data-drawer-place]");
  if (said) said.textContent = at < 0 ? "" : `${at + 1} of ${all.length} on this page`;
  for (const [name, step] of [
    ["previous", -1],
    ["next", 1],
  ] as const) {
    const button = dialog.querySelector<HTMLButtonElement>(`[data-drawer=${name}]`);
    if (button) [button.disabled, button.hidden] = [at < 0 || !all[at + step], at < 0];
  }
}

function made() {
  const box = document.createElement("dialog");
  box.className = "drawer";
  box.setAttribute("aria-labelledby", "candidate-name");
  let pressedOutside = false;
  const outside = (event: MouseEvent) => event.target === box && event.clientX < box.getBoundingClientRect().left;
  box.addEventListener("mousedown", (event) => (pressedOutside = outside(event)));
  box.addEventListener("click", (event) => {
    const act = (event.target as Element).closest<HTMLElement>("[data-drawer]")?.dataset.drawer;
    if (act === "close" || (pressedOutside && outside(event))) box.close();
    else if (act && shown) {
      const to = list()[list().indexOf(shown) + (act === "next" ? 1 : -1)];
      if (!to) return;
      history.replaceState({ candidate: true }, "", to);
      void load(to, false);
    }
  });
  /* However a person closed it, the address goes back to the list's. */
  box.addEventListener("close", () => {
    if (!shown) return;
    leaving = true;
    hide();
    history.back();
  });
  document.body.append(box);
  return box;
}

function hide() {
  if (!shown || !dialog) return;
  const last = shown;
  shown = null;
  asked?.abort();
  document.title = title;
  if (dialog.open) dialog.close();
  dialog.replaceChildren();
  const link = [...document.querySelectorAll<HTMLAnchorElement>(`main ${marked}`)].find((it) => address(it.href) === last);
  (opener?.isConnected ? opener : link)?.focus();
}

/* Before there is a page, or instead of one. */
function words(said: string) {
  const box = document.createElement("div");
  box.className = "drawer-sec";
  const text = Object.assign(document.createElement("p"), { id: "candidate-name", textContent: said });
  const close = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: "Close" });
  close.dataset.drawer = "close";
  const acts = document.createElement("p");
  acts.append(close);
  box.append(text, acts);
  return box;
}
