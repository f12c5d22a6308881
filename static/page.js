// What every page does before anything else is loaded: the theme that was chosen, keys, a quiet end.
(() => {
  window.ponder = window.ponder || {};
  try {
    const kept = localStorage.getItem('ponder-theme');
    const apply = () => kept && document.body.classList.toggle('dark', kept === 'dark');
    apply(); // this script may come before or after what sets the system's theme
    window.addEventListener('load', apply);
    setTimeout(apply, 0);
  } catch (_) {}
  const follow = (event) => { document.documentElement.dataset.live = event.detail.is_over ? '' : 'yes'; };
  window.addEventListener('ponder:run', follow);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) document.querySelector('#run')?.click();
  });
  // Gradio ends its open streams when a page is left, and does not catch what that throws.
  let isLeft = false;
  window.addEventListener('beforeunload', () => {
    isLeft = true;
    setTimeout(() => { isLeft = false; }, 2000);
  });
  window.addEventListener('unhandledrejection', (event) => {
    if (isLeft && event.reason?.name === 'AbortError') event.preventDefault();
  });
})();
