// Settings from an exported file: dropped anywhere on the page, or chosen by a button.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const MOST_BYTES = 48 * 1024 * 1024;
  const SILENT = 'Ponder does not answer; check that it still runs.';

  ponder.mountRestore = (element, props, read, trigger) => {
    const find = (selector) => element.querySelector(selector);
    let depth = 0; // of the elements that a drag has entered
    const say = (words, error) => {
      const [status, alert] = [find('.pd-hint'), find('.pd-error')];
      status.textContent = words;
      alert.textContent = error;
      status.hidden = !words;
      alert.hidden = !error;
    };
    const holdsFile = (event) => Boolean(event.dataTransfer) && [...event.dataTransfer.types].includes('Files');
    const cover = (isShown) => {
      find('.pd-drop').hidden = !isShown;
    };

    async function take(file) {
      if (file.size > MOST_BYTES) return say('', `${file.name} is too large: at most 48 MB are read here.`);
      say(`Reading ${file.name} …`, '');
      let reply;
      try {
        reply = JSON.parse(await read({ name: file.name, base64: await ponder.base64Of(file) }));
      } catch (_) {
        reply = { error: SILENT };
      }
      if (reply.error) return say('', reply.error);
      props.value = JSON.stringify(reply.settings);
      trigger('submit');
      const of = reply.count > 1 ? ` of the first of its ${reply.count} runs` : '';
      return say(`The settings${of} in ${file.name} are restored. Press Run.`, '');
    }

    window.addEventListener('dragenter', (event) => {
      if (!holdsFile(event)) return;
      depth += 1;
      cover(true);
    });
    window.addEventListener('dragleave', (event) => {
      if (!holdsFile(event)) return;
      depth = Math.max(0, depth - 1);
      cover(depth > 0);
    });
    window.addEventListener('dragover', (event) => holdsFile(event) && event.preventDefault());
    window.addEventListener('drop', (event) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      depth = 0;
      cover(false);
      if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
    });
    element.addEventListener('click', (event) => {
      if (event.target.closest('.pd-restore-pick')) find('input').click();
    });
    element.addEventListener('change', (event) => {
      if (event.target.files?.[0]) take(event.target.files[0]);
      event.target.value = '';
    });
  };
})();
