"""The command line that puts a process into bubblewrap: every namespace, nothing but the visible paths.

Source: bwrap(1), version 0.8. What capabilities are kept, the process drops once it has used them: to mount
its scratch folder (bubblewrap's own would hold any number of empty files), and to turn from root, which needs
no user namespace, into a user of its own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from engine.sandbox import visible
from engine.sandbox.levels import SCRATCH

HERE = Path(__file__).resolve().parent
CODE = "/ponder/engine/sandbox"  # where the confined process finds its own modules


def command() -> list[str]:
    """What goes before the command that is to run inside. Raises OSError where bubblewrap is gone."""
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("bubblewrap is not installed")
    words = [
        program,
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    words += ["--die-with-parent"]
    words += ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"]
    if os.geteuid() == 0:
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-user"]
    python = visible.python()
    for folder in sorted({str(above) for path in (*visible.paths(), python) for above in Path(path).parents}):
        if folder != "/":  # made by itself, a folder that only root may enter would be one inside too
            words += ["--perms", "0755", "--dir", folder]
    for path in visible.paths():
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--dev-bind" if path.startswith("/dev/") else "--ro-bind", path, path]
    if not any(python.startswith(f"{path}/") for path in visible.paths()):
        words += ["--ro-bind", python, python]
    words += ["--ro-bind", str(HERE), CODE]
    return [*words, "--dir", SCRATCH, "--remount-ro", "/", "--"]
