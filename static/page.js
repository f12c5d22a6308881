// What every page does before anything else is loaded: the theme that was chosen, keys, a quiet end.
(() => {
  window.ponder = window.ponder || {};

  // The chosen theme from the first frame on; Gradio sets the system's, later, and when the system's changes.
  // The theme's button keeps what it sets; where nothing can be kept, the button's word holds for this page.
  let theme = null;
  try { theme = localStorage.getItem('ponder-theme'); } catch (_) {}
  window.addEventListener('ponder:theme', () => { theme = document.body.classList.contains('dark') ? 'dark' : 'light'; });
  const apply = () => {
    if (theme && document.body) document.body.classList.toggle('dark', theme === 'dark');
  };
  const watch = { attributes: true, attributeFilter: ['class'] };
  const whenBodyIsThere = new MutationObserver(() => {
    if (!document.body) return;
    whenBodyIsThere.disconnect();
    apply();
    new MutationObserver(apply).observe(document.body, watch);
  });
  whenBodyIsThere.observe(document.documentElement, { childList: true });
  if (theme) {
    const early = document.createElement('style'); // until ponder.css is here, which overrides it
    early.textContent = 'html body { background: var(--bg); } html body.dark { background: var(--bg-dark); }';
    document.head.append(early);
  }

  const follow = (event) => { document.documentElement.dataset.live = event.detail.is_over ? '' : 'yes'; };
  window.addEventListener('ponder:run', follow);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) document.querySelector('#run')?.click();
  });

  // A slider's number stays as it was typed, and what is wrong with it is said; Gradio's own listener would change it.
  document.addEventListener('blur', (event) => {
    if (event.target.matches?.('#setup input[data-testid="number-input"]')) event.stopPropagation();
  }, true);

  // When a page is left, Gradio ends its streams by itself and logs that as an error; the browser ends them anyway.
  window.addEventListener('beforeunload', (event) => event.stopImmediatePropagation());
})();
