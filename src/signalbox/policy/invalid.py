"""What is wrong with a policy release. A release with one problem never loads."""

from collections.abc import Sequence

from msgspec import Struct

from signalbox.domain.errors import SignalboxError


class Problem(Struct, frozen=True):
    """`file` is a text's name in the release, `schema`, `catalogue` or `tenants`; `rule` may be empty."""

    file: str
    rule: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.file}: rule `{self.rule}`: {self.message}"
            if self.rule
            else f"{self.file}: {self.message}"
        )


class PolicyInvalid(SignalboxError):
    """The release cannot be put in force. `problems` holds all that were found, in file order."""

    code = "policy_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
