// Files to and from the person's own disk.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const CHUNK = 0x8000; // bytes at once, so that no call has too many arguments

  /** A file that the server sent as {media_type, base64}. */
  function blobOf({ media_type, base64 }) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new Blob([bytes], { type: media_type });
  }

  /** Saves a blob under a name, as a download. */
  function saveFile(name, blob) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /** The content of a chosen or dropped file, as base64. */
  async function base64Of(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
    return btoa(text);
  }

  Object.assign(ponder, { blobOf, saveFile, base64Of });
})();
