/* Light, dark, or system theme. The server reads the cookie and writes <html data-theme>, so that a page never flashes; this
   applies a new choice immediately. */
const year = 60 * 60 * 24 * 365; // in seconds

document.addEventListener("click", (event) => {
  const choice = (event.target as Element).closest<HTMLElement>("[data-set-theme]");
  if (!choice) return;
  event.preventDefault();
  const theme = choice.dataset.setTheme!;
  document.cookie = `tb_theme=${theme}; path=/; max-age=${year}; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const other of document.querySelectorAll<HTMLElement>("[data-set-theme]")) {
    other.setAttribute("aria-pressed", String(other.dataset.setTheme === theme));
  }
});
