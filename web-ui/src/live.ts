/* What happens while a page is open. The server tells; nobody asks. A browser keeps few connections to one place, so a tab that
   nobody looks at gives its own up, and hears on coming back what it missed. */
import { remember, restore } from "./keep";

const RETRY = [15_000, 30_000, 60_000, 300_000];

let source: EventSource | null = null;
let again = 0;
let failed = 0;

/* The page's main part says where to listen and which version it shows; a refresh brings another one. */
const main = () => document.querySelector<HTMLElement>("main[data-live]");

function listen() {
  const place = main();
  if (source || document.hidden || !place?.dataset.live) return;
  const url = new URL(place.dataset.live, location.href);
  if (place.dataset.version) url.searchParams.set("v", place.dataset.version);
  source = new EventSource(url);
  for (const part of ["freshness", "row"]) source.addEventListener(part, (event) => swapIn((event as MessageEvent<string>).data));
  source.addEventListener("landed", (event) => {
    if (main()?.dataset.version !== (event as MessageEvent<string>).data) document.body.dispatchEvent(new Event("data-landed"));
  });
  source.addEventListener("open", () => (failed = 0));
  source.addEventListener("error", () => {
    /* It tries again by itself, unless it was refused: the session ended, or a proxy answered. */
    if (source?.readyState !== EventSource.CLOSED) return;
    hush();
    again = window.setTimeout(listen, RETRY[Math.min(failed++, RETRY.length - 1)]);
  });
}

function hush() {
  clearTimeout(again);
  source?.close();
  source = null;
}

/* A part takes the place of the element with its id. */
function swapIn(markup: string) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  const fresh = template.content.firstElementChild as HTMLElement | null;
  const old = fresh?.id ? document.getElementById(fresh.id) : null;
  if (!fresh || !old) return;
  const kept = remember(old);
  fresh.hidden = old.hidden;
  old.replaceWith(fresh);
  restore(kept);
  fresh.dispatchEvent(new Event("swapped-in", { bubbles: true }));
}

document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
addEventListener("pagehide", hush);
addEventListener("pageshow", listen);
/* A page about a run that has ended follows nothing any more, and one that asked for a run begins to. */
document.addEventListener("htmx:afterSwap", () => (main() ? listen() : hush()));
listen();
