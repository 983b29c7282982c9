"""`python -m signalbox.cli.evaluate_texts`: what a model solves of text and mail tasks through the workloads.
For anybody's tasks and models: what is asked is whatever the configuration offers."""

import asyncio
from pathlib import Path

import click

from signalbox.app import Signalbox
from signalbox.workloads.evaluate.texts import OWN, TextsKept, TextTask, answer, read_tasks, shares
from signalbox.workloads.offered import offered


@click.command()
@click.option("--tasks", default=OWN, type=click.Path(exists=True, path_type=Path), help="A TOML of tasks.")
@click.option("--model", "models", multiple=True, help="A model or endpoint; may be given again.")
@click.option("--workload", default="", help="Only tasks of this one, such as `outlook/triage`.")
@click.option("--config", default="signalbox.toml", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", default="texts.jsonl", type=click.Path(path_type=Path), help="Results, and where to resume."
)
def main(tasks: Path, models: tuple[str, ...], workload: str, config: Path, out: Path) -> None:
    """Measure text and mail features on a set of tasks."""
    chosen = [task for task in read_tasks(tasks) if workload in ("", task.workload)]
    asyncio.run(_measure(chosen, models or ("auto",), config, out))


async def _measure(tasks: list[TextTask], models: tuple[str, ...], config: Path, out: Path) -> None:
    kept, registry = TextsKept(out), offered()
    async with Signalbox.from_config(config) as box:
        for model in models:
            with click.progressbar(tasks, label=model, item_show_func=_shown) as bar:
                for task in bar:
                    if not kept.has(task, model):
                        kept.add(
                            await answer(
                                task,
                                registry,
                                pipeline=box.pipeline,
                                principal=box.principal(),
                                model=model,
                            )
                        )
    ids = {task.id for task in tasks}
    for model in models:
        for share in shares(each for each in kept.all if each.model == model and each.task in ids):
            click.echo(
                f"{model} {share.workload}: {share.solved} of {share.tasks} solved, "
                f"{share.accepted} accepted, {share.seconds} s each"
            )


def _shown(task: TextTask | None) -> str:
    return task.id if task else ""


if __name__ == "__main__":
    main()
