/* Light, dark or as the system is. The server reads the cookie and writes <html data-theme>, so a page never flashes;
   here the choice shows at once. */
const year = 60 * 60 * 24 * 365;

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
