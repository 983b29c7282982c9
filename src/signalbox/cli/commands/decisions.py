"""One decision before it is taken, and after."""

from typing import Annotated, Final

import typer

from signalbox.cli.commands.options import DEFAULT_CONFIG, Config

commands: Final = typer.Typer()


@commands.command()
def decide(
    text: Annotated[str, typer.Argument(help="What the request would say.")],
    app_name: Annotated[str, typer.Option("--app", help="word, excel, powerpoint, outlook, …")] = "",
    feature: Annotated[str, typer.Option(help="formula, rewrite, …")] = "",
    task: Annotated[str, typer.Option(help="A task type, where app and feature do not say.")] = "",
    sensitivity: Annotated[str, typer.Option(help="A sensitivity label.")] = "",
    boundary: Annotated[str, typer.Option(help="A data boundary.")] = "",
    latency_class: Annotated[str, typer.Option(help="interactive, near-interactive or batch.")] = "",
    model: Annotated[str, typer.Option(help="A routing name, a model or an endpoint.")] = "auto",
    max_tokens: Annotated[int | None, typer.Option(help="The longest reply.")] = None,
    key: Annotated[str | None, typer.Option(help="Decide for this key; else for this machine's.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decide without sending anything.

    Shows traits, every endpoint's verdict and the plan. Nothing is recorded."""
    from signalbox.cli.decide import Question, run

    run(
        config,
        Question(
            text=text,
            app=app_name,
            feature=feature,
            task=task,
            label=sensitivity,
            boundary=boundary,
            latency_class=latency_class,
            model=model,
            max_tokens=max_tokens,
        ),
        key,
    )


@commands.command()
def explain(
    decision: Annotated[str, typer.Argument(help="A decision's id, as in X-Signalbox-Decision.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """The whole story of one decision, decided again."""
    from signalbox.cli.explain import run

    run(config, decision)
