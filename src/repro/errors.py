"""The root of every error that repro raises on purpose.

Subclasses live beside the code that raises them and carry fields, not only text; the tree is::

    ReproError                      something the user can act on (exit code 2)
    ├── git.repository.*            no repository, bare repository, git too old
    ├── git.invoke.GitError         git itself refused
    ├── model.decode.RecordError    a record that cannot be read
    ├── model.config.ConfigError    a configuration that cannot be read
    ├── data.*                      objects that are missing or damaged
    ├── store.resolve.*             a run that is unknown, or a name that fits several
    ├── compare.query.QueryError    a filter that cannot be read
    └── restore.*                   a checkout that would lose something, or cannot be whole

Anything else that escapes is a bug of ours (exit code 3, with a report).
"""

__all__ = ["ReproError"]


class ReproError(Exception):
    """An error with a cause and a way on.

    Attributes:
        message: What is wrong, one sentence, without a trailing full stop.
        hint: What to type or do next; None when nothing sensible can be said.
        details: Further lines, such as the files concerned.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
