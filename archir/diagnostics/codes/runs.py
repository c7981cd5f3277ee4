"""Codes 5xx: data, runs and files."""

from archir.diagnostics.codes.code import Code

CODES = (
    Code(
        "NAS501",
        "a data set cannot be used",
        """
        The data set is not known, is not where it should be, or holds images that cannot be read together.
        A folder of images holds `train` and `test`, each with one folder per class, and the same classes in both.
        Usual causes: a wrong path, no network to download from, a stray file among the images.
        """,
    ),
    Code(
        "NAS502",
        "a run folder cannot be used",
        """
        A run owns its folder: a new one starts in an empty folder, and one that is resumed must have been started there
        with the same space, method and settings, because anything else would mix two experiments.
        Usual causes: a folder of an earlier run, a setting that differs from the first call, two processes at once.
        """,
    ),
    Code(
        "NAS503",
        "a file cannot be written",
        """
        The disk is full, the folder is not there or may not be written, or the name says nothing about the format.
        Files are written beside the old one and then put in its place, so what stood there before is still whole.
        """,
    ),
    Code(
        "NAS504",
        "a checkpoint cannot be used",
        """
        A file of weights or a checkpoint is damaged, is not in the safetensors format, or is not there.
        Pickles (.pt, .pth) are refused: reading one can run any code that its author put in.
        Usual causes: a copy that was cut off, or the path of a PyTorch file.
        """,
    ),
    Code(
        "NAS505",
        "a method is not well formed",
        """
        A method is a list of passes and `train` phases with parameters, `for` and `select`, and no more.
        Something in it is none of these, or has an option that it does not know, or no value.
        All steps are checked before the first one runs, so that no search fails after hours.
        """,
        """
        method m(epochs = 10) {
          relax()
          train(weights, epoch=epochs)
          derive()
        }
        """,
        """
        method m(epochs = 10) {
          relax()
          train(weights, epochs=epochs)
          derive()
        }
        """,
    ),
    Code(
        "NAS506",
        "data and net do not fit",
        """
        The net takes images of another size, or gives another number of outputs, than the data set has.
        The data supply both where the net leaves them open: the type of its input, and a parameter called `classes`.
        Usual causes: a number of classes that is written in the body, or set with --set to another one.
        """,
    ),
    Code(
        "NAS507",
        "training failed",
        """
        The loss is not a finite number, the device is not there, or memory is not enough for one step.
        Nothing is lost since the last checkpoint: `--resume` goes on from it.
        Usual remedies: a smaller learning rate for the first case, a smaller batch or fewer channels for the last.
        """,
    ),
    Code(
        "NAS508",
        "several processes, one run",
        """
        A run under torchrun lost one of its processes, or its processes cannot find each other or their devices.
        Nothing is lost since the last checkpoint: `--resume` goes on from it, with any number of processes.
        Usual causes: a process that the system killed for its memory, another run on the same port, more processes
        than GPUs.
        """,
    ),
    Code(
        "NAS509",
        "a benchmark's table cannot be used",
        """
        A table gives the true accuracy of each architecture of a benchmark: a CSV file, perhaps packed by gzip, whose
        first line names its columns. `arch` is the architecture as a string, `cifar10_test` an accuracy in percent.
        Usual causes: a table of another benchmark, another name of the data set, or a table that was cut short.
        """,
    ),
)
