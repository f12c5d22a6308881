// The keys of a lesson, for a teacher at the front: arrows turn pages, numbers choose, letters act.
//
// Letters and numbers can be switched off (WCAG 2.1.4), and never act while something is typed or while the
// tree has the focus. Knows which key means what, not what it does.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const KEPT = 'ponder-learn-keys';
  const OWN_KEYS = 'input, textarea, select, [role=tree], [role=slider], [contenteditable]'; // they need them themselves
  const ACTS = { // by key
    ArrowRight: 'next', PageDown: 'next', ArrowLeft: 'back', PageUp: 'back', Escape: 'leave',
    n: 'another', r: 'again', p: 'projector',
  };
  const PAGES = new Set(['PageDown', 'PageUp']); // a presenter's remote; elsewhere they scroll

  function areOn() {
    try {
      return localStorage.getItem(KEPT) !== 'off';
    } catch (_) {
      return true;
    }
  }

  function keep(isOn) {
    try {
      localStorage.setItem(KEPT, isOn ? 'on' : 'off');
    } catch (_) {
      // a browser that keeps nothing: they are on again next time
    }
  }

  /** Calls `acts[name]()` or `acts.choose(place)` for each key that means something; `isProjecting()`. */
  function listen(acts, isProjecting) {
    document.addEventListener('keydown', (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !areOn()) return;
      if (event.target.closest?.(OWN_KEYS)) return;
      if (PAGES.has(event.key) && !isProjecting()) return;
      const isDone = /^[1-9]$/.test(event.key) ? acts.choose(Number(event.key) - 1) : acts[ACTS[event.key] ?? ACTS[event.key.toLowerCase()]]?.();
      if (isDone) event.preventDefault();
    });
  }

  ponder.learnKeys = { listen, areOn, keep };
})();
