/* The weekly call goes from candidate to candidate by the arrow keys, as its links do. */
document.addEventListener("keydown", (event) => {
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (!rel || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
  const at = event.target as HTMLElement;
  /* Arrows belong to a field, an open menu, a drawer, and to what scrolls sideways. */
  if (at.isContentEditable || at.closest("input, textarea, select, details[open], dialog")) return;
  if (document.querySelector("dialog[open]")) return;
  document.querySelector<HTMLAnchorElement>(`a[data-call=${rel}]`)?.click();
});
