"""The command line: names, help and exit codes; the work is done by the rooms.

Commands are imported when they are called, so that ``clipline --help`` stays quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from clipline import __version__
from clipline.core.errors import CliplineError, ExitCode

_COMMANDS = {
    "init": ("clipline.commands.stack", "Write a new stack into an empty folder."),
    "validate": ("clipline.commands.stack", "Check a stack's files; needs no cluster."),
    "plan": ("clipline.commands.plan", "Show what apply would do."),
    "apply": ("clipline.commands.apply", "Bring the cluster to what the stack says."),
    "drift": ("clipline.commands.plan", "Say whether the cluster still is what the stack says."),
    "test": ("clipline.commands.test", "Run the tests of the stack's ingest pipelines."),
    "status": ("clipline.commands.status", "Show what runs on the cluster."),
    "rollback": ("clipline.commands.rollback", "Let the text model that served before serve again."),
    "prune": ("clipline.commands.remove", "Delete what this stack made and no longer declares."),
    "destroy": ("clipline.commands.remove", "Delete everything of this stack."),
    "history": ("clipline.commands.history", "Show who did what to this stack."),
    "doctor": ("clipline.commands.doctor", "Say what stands in the way, and print the roles of each job."),
    "bundle": ("clipline.commands.bundle", "A text model as one file: build, verify, push."),
    "eval": ("clipline.commands.eval", "Measure what is on the cluster."),
    "load": ("clipline.commands.load", "Load pictures into the index."),
    "search": ("clipline.commands.search", "Search pictures by text, by a picture, or by a document."),
    "web": ("clipline.commands.search", "Serve a search page."),
    "emulator": ("clipline.commands.emulator", "Run the Elasticsearch emulator."),
    "demo": ("clipline.commands.demo", "Run the whole job on pictures made here."),
}


class _Commands(click.Group):
    """A group whose commands are imported when needed; their short help stands in the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done or in sync, 1 failed, 2 usage, 3 changes pending (plan --check, drift), "
    "4 finished with dead letters, 130 interrupted.",
)
@click.version_option(__version__, prog_name="clipline")
def root() -> None:
    """Image-search stacks on Elasticsearch, kept as files and put into a cluster by one command.

    \b
    Try it without a cluster:   clipline demo
    Against your own:           clipline init mystack
                                clipline plan --stack mystack --url https://host:9200
    """


def main() -> None:
    """The console script: runs a command and turns errors into sentences and exit codes."""
    # Our encoders and bundles load local directories; telemetry and progress bars of the libraries are noise.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(_run())


def _run() -> int:
    try:
        result: Any = root.main(prog_name="clipline", standalone_mode=False)
    except click.exceptions.Abort:
        return _interrupted()
    except KeyboardInterrupt:
        return _interrupted()
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.FAILED)
    except CliplineError as error:
        _say_error(str(error))
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader of stdout is gone (`| head`): nothing more to say, and nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    return int(result) if isinstance(result, int) else int(ExitCode.DONE)


def _interrupted() -> int:
    _say_error("interrupted")
    return int(ExitCode.INTERRUPTED)


def _say_error(text: str) -> None:
    click.echo(f"error: {text}", err=True)


if __name__ == "__main__":
    main()
