/* Keys for who comes every day: / finds, g and a letter goes to a tab, ? shows them. Silent wherever something is typed. */
const goTo = 1_500; // milliseconds between g and its letter

let gPressed = -Infinity;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented || typing(event.target))
    return;
  const help = document.querySelector<HTMLDialogElement>("dialog#keys");
  if (event.key === "/") {
    event.preventDefault();
    find();
  } else if (event.key === "?" && help) {
    event.preventDefault();
    if (help.open) help.close();
    else help.showModal();
  } else if (event.key === "g") gPressed = performance.now();
  else if (performance.now() - gPressed < goTo) {
    gPressed = -Infinity;
    const tab = [...document.querySelectorAll<HTMLAnchorElement>("nav.tabs a[data-key]")].find(
      (it) => it.dataset.key === event.key,
    );
    if (!tab) return;
    event.preventDefault();
    tab.click();
  }
});

/* A click on the dim ground around the help closes it, as does anything marked to. */
document.addEventListener("click", (event) => {
  const at = event.target as Element;
  if (at.matches("dialog#keys") || at.closest("[data-close-dialog]")) at.closest("dialog")?.close();
  if (at.closest("[data-show-keys]")) document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal();
});

function find() {
  const field = document.querySelector<HTMLInputElement>(".top form[role=search] input[name=q]");
  if (field?.offsetParent) field.select();
  else document.querySelector<HTMLElement>(".top [data-find]")?.click();
}

function typing(target: EventTarget | null) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
