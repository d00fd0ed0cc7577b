"""``clipline test``: the tests of the stack's ingest pipelines."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.ending import ended_like_ctrl_c
from clipline.commands.options import (
    json_option,
    open_stack,
    open_target,
    open_tests,
    read_choices,
    stack_options,
    target_options,
)
from clipline.core.errors import ExitCode, UsageError
from clipline.core.output import data, say, show, show_json

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from provisioning.assets.stack import Stack
    from provisioning.pipeline_tests.case import Case, Result

_STYLES = {"PASSED": "green", "FAILED": "bold red", "SKIPPED": "yellow"}


@click.command("test")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@stack_options
@target_options
@click.option(
    "--stand-in", is_flag=True, help="Put a model without weights for cases about a stopped one, and delete it."
)
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the results as JUnit too.")
@json_option
def test_command(pipelines: tuple[str, ...], stand_in: bool, junit: Path | None, as_json: bool, **values: Any) -> int:
    """Run the tests of the stack's pipelines, or of some, on a cluster; exit 1 when one fails.

    The documents of pipelines/tests/ pass the pipelines as the files have them; what the cluster has is neither used nor
    changed, but for the models. A case that cannot be run there is skipped, and says why.

    \b
    Example: clipline test --stack mystack --url https://host:9200 --junit results.xml
    """
    from provisioning.pipeline_tests.junit import write_junit
    from provisioning.pipeline_tests.report import counts, summary_line

    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    cases = _chosen(stack, open_tests(stack_choice, stack), pipelines)
    with open_target(target_choice) as (target, client):
        results = _run(stack, client, cases, target=target.name, stand_in=stand_in, quiet=as_json)
    if junit is not None:
        write_junit(junit, results)
    if as_json:
        found = [result.to_json() for result in results]
        show_json({"stack": stack.name, "target": target.name, **counts(results), "cases": found})
    else:
        show("")
        show(summary_line(results))
    return ExitCode.FAILED if counts(results)["failed"] else ExitCode.DONE


def _chosen(stack: Stack, cases: tuple[Case, ...], names: tuple[str, ...]) -> list[Case]:
    known = [asset.name for asset in stack.of("ingest_pipeline")]
    for name in names:
        if name not in known:
            hint = f"pipelines/ holds {', '.join(known) or 'none'}"
            raise UsageError(f"this stack has no pipeline {name!r}", where="PIPELINE", hint=hint)
    wanted = names or known
    for name in wanted:
        if not any(case.pipeline == name for case in cases):
            say(f"the pipeline {name} has no tests: write pipelines/tests/{name}/NAME.yml")
    chosen = [case for case in cases if case.pipeline in wanted]
    if not chosen:
        raise UsageError("there is nothing to test", where=str(stack.directory / "pipelines" / "tests"))
    return chosen


def _run(
    stack: Stack, client: Elasticsearch, cases: list[Case], *, target: str, stand_in: bool, quiet: bool
) -> list[Result]:
    from provisioning.desired import Digests, desired_state
    from provisioning.observe import server
    from provisioning.pipeline_tests.report import result_lines
    from provisioning.simulate.run import run_cases

    found = server(client)
    desired = desired_state(stack, version=found.version, digests=Digests(text={}, image={}))
    on_client = {
        name
        for model in desired.models
        if model.asset.on_client
        for name in (model.asset.model_alias, model.asset.deployment_id)
    }
    bodies = {item.name: item.body for item in desired.resources if item.kind == "ingest_pipeline"}
    if not quiet:
        show(f"stack {stack.name} on {target} (Elasticsearch {'.'.join(map(str, found.version))})")
        show("")
    results: list[Result] = []
    # Closed here, while the client can still delete what was put, wherever an interruption comes.
    with (
        ended_like_ctrl_c(),
        closing(run_cases(client, cases, bodies=bodies, stand_in=stand_in, on_client=on_client)) as running,
    ):
        for result in running:
            results.append(result)
            for line in () if quiet else result_lines(result):
                data().print(line, style=_STYLES.get(line.split(" ")[0]), markup=False)
    return results
