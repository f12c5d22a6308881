"""Every error a person can cause or must hear about, in one small tree.

A message is one sentence that says what was wrong, what was expected and what to do. The page shows it
beside the control, the command line prints it on stderr and exits with 2. Anything else is a bug.
"""


class PonderError(Exception):
    """An error whose message is written for the person who caused it."""


class BadInput(PonderError):
    """A setting, problem or file cannot be used; nothing was started and nothing was lost."""


class OutsideFamily(BadInput):
    """The problem is well formed English, but outside what a task family understands."""


class ModelUnavailable(PonderError):
    """A model cannot be used here: not downloaded, not a model, too large, or of an unsupported kind."""


class ScorerUnavailable(PonderError):
    """A scorer cannot serve this problem or model, for example a verifier where no answer is known."""


class RunNotFound(PonderError):
    """No stored run has this id."""


class BatchNotFound(PonderError):
    """No stored batch of runs has this id."""


class TrainingStopped(PonderError):
    """A training cannot go on; the message says what was kept."""


class StorageError(PonderError):
    """The database cannot be opened, read or written; the message says what was kept."""
