/* Opens a candidate over the list that links to it. The candidate's own page is fetched, and its article shown in a modal
   dialog under the candidate's own URL: Back closes it, and a reload or a shared URL shows the full page. Without this
   script, a link marked data-candidate is a plain link. */
import { captureState, restoreState } from "./preserve-state";

const candidateLink = "a[data-candidate]";
const candidateArticle = "main article.candidate";

const currentUrl = () => location.pathname + location.search;
const relativeUrl = (href: string) => {
  const { pathname, search } = new URL(href, location.href);
  return pathname + search;
};

/* The URL of this document itself. */
const documentUrl = currentUrl();
let documentTitle = document.title;

let dialog: HTMLDialogElement | null = null;
/* The URL of the candidate in the drawer. */
let shownUrl: string | null = null;
let opener: HTMLElement | null = null;
let isClosing = false;
let request: AbortController | null = null;

document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>(candidateLink);
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (document.querySelector(candidateArticle)) return; // a candidate's own page has no list to open over
  event.preventDefault();
  if (isClosing) return;
  const active = document.activeElement;
  opener = !link.closest("main") && active instanceof HTMLElement ? active : null;
  const url = relativeUrl(link.href);
  if (shownUrl) history.replaceState({ candidate: true }, "", url);
  else history.pushState({ candidate: true }, "", url);
  void show(url);
});

addEventListener("popstate", (event) => {
  isClosing = false;
  if (currentUrl() === documentUrl) hide();
  else if ((event.state as { candidate?: boolean } | null)?.candidate && !document.querySelector(candidateArticle)) {
    opener = null;
    void show(currentUrl());
  } else location.reload();
});

/* After a sync, the list below the drawer refreshes itself, and so does the drawer. */
document.body.addEventListener("data-landed", () => {
  if (shownUrl && !document.hidden) void load(shownUrl, true);
});
document.addEventListener("htmx:afterSwap", updatePosition);

async function show(url: string) {
  const box = (dialog ??= createDialog());
  if (!box.open) {
    documentTitle = document.title;
    box.replaceChildren(messageBox("Loading…"));
    box.showModal();
  }
  await load(url, false);
}

async function load(url: string, isRefresh: boolean) {
  request?.abort();
  const current = (request = new AbortController());
  shownUrl = url;
  const box = dialog!;
  box.ariaBusy = "true";
  try {
    const response = await fetch(url, { signal: current.signal, headers: { accept: "text/html" } });
    const text = await response.text();
    if (shownUrl !== url || current.signal.aborted) return;
    /* The session expired: a refresh keeps what is shown, and a click leads to the sign-in page. */
    if (response.redirected) return isRefresh ? undefined : location.reload();
    const page = new DOMParser().parseFromString(text, "text/html");
    const article = page.querySelector<HTMLElement>(candidateArticle);
    if (!article) {
      const message = page.querySelector("main")?.textContent ?? "This candidate can't be shown.";
      if (!isRefresh) box.replaceChildren(messageBox(message));
      return;
    }
    document.title = page.title;
    showArticle(article, isRefresh);
  } catch {
    const message = "This candidate didn't load. Close and try again.";
    if (!current.signal.aborted && !isRefresh) box.replaceChildren(messageBox(message));
  } finally {
    if (request === current) box.ariaBusy = null;
  }
}

function showArticle(article: HTMLElement, isRefresh: boolean) {
  const box = dialog!;
  const pressed = (document.activeElement as HTMLElement | null)?.dataset.drawer;
  const state = isRefresh ? captureState(box) : null;
  const top = isRefresh ? box.scrollTop : 0;
  box.replaceChildren(article);
  article.querySelector<HTMLElement>("[data-drawer-head]")!.hidden = false;
  updatePosition();
  box.scrollTop = top;
  box.dispatchEvent(new Event("swapped-in", { bubbles: true }));
  if (state) return restoreState(state);
  const isStep = pressed && pressed !== "close";
  const button = isStep ? article.querySelector<HTMLButtonElement>(`[data-drawer=${pressed}]:not(:disabled)`) : null;
  const name = article.querySelector<HTMLElement>("h1");
  if (name) name.tabIndex = -1;
  (button ?? name)?.focus({ preventScroll: true });
}

/* The candidates of the list. One may be linked more than once. */
function candidateUrls() {
  const links = document.querySelectorAll<HTMLAnchorElement>(`main ${candidateLink}`);
  return [...new Set([...links].map((link) => relativeUrl(link.href)))];
}

function updatePosition() {
  if (!shownUrl || !dialog) return;
  const all = candidateUrls();
  const index = all.indexOf(shownUrl);
  const position = dialog.querySelector<HTMLElement>("[data-drawer-place]");
  if (position) position.textContent = index < 0 ? "" : `${index + 1} of ${all.length} on this page`;
  for (const [name, step] of [
    ["previous", -1],
    ["next", 1],
  ] as const) {
    const button = dialog.querySelector<HTMLButtonElement>(`[data-drawer=${name}]`);
    if (button) [button.disabled, button.hidden] = [index < 0 || !all[index + step], index < 0];
  }
}

function createDialog() {
  const box = document.createElement("dialog");
  box.className = "drawer";
  box.setAttribute("aria-labelledby", "candidate-name");
  let pressedOutside = false;
  const isOutside = (event: MouseEvent) => event.target === box && event.clientX < box.getBoundingClientRect().left;
  box.addEventListener("mousedown", (event) => (pressedOutside = isOutside(event)));
  box.addEventListener("click", (event) => {
    const action = (event.target as Element).closest<HTMLElement>("[data-drawer]")?.dataset.drawer;
    if (action === "close" || (pressedOutside && isOutside(event))) box.close();
    else if (action && shownUrl) {
      const all = candidateUrls();
      const url = all[all.indexOf(shownUrl) + (action === "next" ? 1 : -1)];
      if (!url) return;
      history.replaceState({ candidate: true }, "", url);
      void load(url, false);
    }
  });
  /* However the drawer was closed, the URL goes back to the list's. */
  box.addEventListener("close", () => {
    if (!shownUrl) return;
    isClosing = true;
    hide();
    history.back();
  });
  document.body.append(box);
  return box;
}

function hide() {
  if (!shownUrl || !dialog) return;
  const last = shownUrl;
  shownUrl = null;
  request?.abort();
  document.title = documentTitle;
  if (dialog.open) dialog.close();
  dialog.replaceChildren();
  const links = [...document.querySelectorAll<HTMLAnchorElement>(`main ${candidateLink}`)];
  const link = links.find((candidate) => relativeUrl(candidate.href) === last);
  (opener?.isConnected ? opener : link)?.focus();
}

/* A message in place of a candidate, with a close button. */
function messageBox(message: string) {
  const box = document.createElement("div");
  box.className = "drawer-sec";
  const text = Object.assign(document.createElement("p"), { id: "candidate-name", textContent: message });
  const close = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: "Close" });
  close.dataset.drawer = "close";
  const actions = document.createElement("p");
  actions.append(close);
  box.append(text, actions);
  return box;
}
