// A replay in a file of its own: the run view, fed from the log that the file holds.
(() => {
  const ponder = window.ponder;
  const { run, events } = JSON.parse(document.getElementById('ponder-run').textContent);
  const dress = (isDark) => document.body.classList.toggle('dark', isDark);
  const system = matchMedia('(prefers-color-scheme: dark)');
  dress(system.matches);
  system.addEventListener('change', () => dress(system.matches));
  document.querySelector('.pd-theme').addEventListener('click', () => dress(!document.body.classList.contains('dark')));
  ponder.isReplay = true;
  const ask = async ({ cursor }) => JSON.stringify({ events: events.slice(cursor), next: events.length, run });
  ponder.mountRunView(document.getElementById('run-view'), { pull: ask }).open({ run: run.id, node: null, autoplay: true });
})();
