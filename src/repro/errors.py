"""The root of every error that repro raises on purpose.

Subclasses live beside the code that raises them and carry fields, not only text. The tree, which
tests/test_errors.py holds complete::

    ReproError                  something the user can act on (exit code 2; 4: it cannot be exact)
    ├── process                 CommandNotFoundError
    ├── git.repository          GitNotInstalledError, NotARepositoryError, BareRepositoryError,
    │                           GitError (git itself refused)
    ├── git.refs                RefExistsError, RefMovedError
    ├── git.history             HistoryError
    ├── git.remote_errors       NoRemoteError, UnknownRemoteError, RemoteError (and its kinds:)
    │                           RemoteUnreachableError, RemoteAccessError, RemoteMissingError,
    │                           RemoteBrokenOffError, RemoteSilentError
    ├── git.index_lock          IndexLockedError
    ├── git.working_tree        OperationInProgressError, ConflictedIndexError, FilesInUseError
    ├── model.config            ConfigError
    ├── model.curve             CurveError
    ├── model.summary           SummaryError
    ├── model.system            SystemTableError
    ├── model.fields            RecordError
    │   └── model.decode        FutureRecordError (a newer repro wrote it)
    ├── data.hashing            ChangedWhileReadError, NotARegularFileError
    ├── data.manifest           ManifestError
    ├── data.place              UnsafePathError
    ├── data.placing            InTheWayError
    ├── data.remote             ObjectTooLargeError (a remote serves more than was recorded)
    ├── data.store              InvalidHashError, MissingObjectError, CorruptObjectError,
    │                           WrongHashError
    ├── data.tables.version     TablePackageMissingError, TableUnreadableError
    ├── data.yaml_reader        PointerError (a DVC file that cannot be read)
    ├── environment.probe       ProbeError
    ├── rebuild.differences     NotExactError
    ├── rebuild.environment     NotObservedError, EnvironmentDirectoryTakenError
    ├── rebuild.kept            EnvironmentInUseError
    ├── rebuild.uv              UvMissingError
    ├── sensors.gpus            GpusUnreadableError
    ├── sensors.nvidia_smi      NvidiaSmiError
    ├── store.runs              NoRecordError
    ├── store.log               WordError (what cannot be said of a run)
    ├── store.removal           TrashTakenError
    ├── store.trash             NotInTrashError
    ├── store.resolve           UnknownRunError, AmbiguousRunError, UnreadableRunError
    ├── lineage.commits         UnknownRevisionError
    ├── record.formats          FormatError
    ├── record.kept             KeptJournalError
    ├── record.recorder         NotUnderwayError
    ├── record.recorder_requests RequestError
    ├── record.recover          RunLivesError
    ├── record.resumed          RunInProgressError
    ├── record.session          NotRecordedError
    ├── record.strict           NotReproducibleError
    ├── compare.parse           QueryError
    ├── selection.words         SeveralFiltersError, UnknownWordError
    ├── reading.artifacts       UnknownArtifactError, NoBytesError, WrongKindError,
    │                           DestinationTakenError
    ├── reading.checking_out    NotEndedError
    ├── reading.history         UnknownMetricError
    ├── reading.loading         NoLoaderError, LoadError
    ├── reading.packages        MissingPackageError
    ├── restore.bring           CheckoutIncompleteError (bytes are missing everywhere)
    ├── restore.checkout        UnfinishedCheckoutError
    ├── restore.move            CheckoutStoppedError, FilesInTheWayError, RestoreMismatchError
    ├── restore.new_worktree    DirectoryTakenError
    ├── restore.present         DirtyTreeError, ForeignRecordError
    ├── restore.state           StateError
    ├── restore.tables          TableGoneError (exit code 4)
    ├── restore.target          DamagedRunError
    ├── restore.undo_entries    NothingToUndoError
    ├── share.pull_data         NoRoomError
    ├── hooks.git_config        ConfigLockedError
    ├── demo.player             DemoError
    ├── api.number              NotANumberError (these three stay inside: nothing is raised into
    ├── api.recorder_client     RecorderError    a program that logs)
    ├── api.rendering           UnknownFormError
    ├── notebook.command        UnreadableNotebookError, NotebookParamError,
    │                           NoNotebookPythonError
    ├── plot.choose             NoCurveError
    ├── plot.picture            PlotPackageMissingError
    ├── cli.editor              EditorError
    ├── cli.garbage.turn        GcRunningError
    ├── cli.picture_file        PictureFileError
    ├── cli.notebook            NotebookArgumentError
    ├── cli.rebuilding          StillRunningError
    ├── cli.recording           BadPairError
    ├── cli.run_worktree        OtherWorktreeError
    ├── cli.commands.demo       DemoNeedsError
    ├── cli.commands.env_check  NoPythonError
    ├── cli.commands.env_show   NotLockedError
    ├── cli.commands.exec       NoCommandError
    └── cli.commands.tag        NoTagError, TagIsARunError

Anything else that escapes is a bug of ours (exit code 3, with a report).
"""

__all__ = ["ReproError"]


class ReproError(Exception):
    """An error with a cause and a way on.

    Attributes:
        message: What is wrong, one sentence, without a trailing full stop.
        hint: What to type or do next; None when nothing sensible can be said.
        details: Further lines, such as the files concerned.
        exits_with: Exit code of the command that it ends: 2, or 4 where something cannot be exact.
    """

    exits_with = 2

    def __init__(
        self, message: str, *, hint: str | None = None, details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
