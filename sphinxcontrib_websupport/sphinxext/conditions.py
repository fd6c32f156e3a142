"""Whether a reader of this builder's pages sees what stands under a condition."""

from __future__ import annotations

from collections.abc import Iterable

from sphinx.application import Sphinx

from sphinxcontrib_websupport.sphinxext.collector import Condition


class Conditions:
    """Answers as Sphinx itself will when it writes the pages, each question once."""

    def __init__(self, app: Sphinx) -> None:
        self._app = app
        self._known: dict[Condition, bool] = {}

    def hold(self, conditions: Iterable[Condition]) -> bool:
        """Tell whether all of these hold."""
        return all(self._holds(condition) for condition in conditions)

    def _holds(self, condition: Condition) -> bool:
        if condition not in self._known:
            self._known[condition] = self._evaluate(condition)
        return self._known[condition]

    def _evaluate(self, condition: Condition) -> bool:
        match condition.kind:
            case "only":
                return self._only(condition.expression)
            case "ifconfig":
                return self._ifconfig(condition.expression)
            case _:
                return bool(getattr(self._app.config, "todo_include_todos", False))

    def _only(self, expression: str) -> bool:
        try:
            return bool(self._app.tags.eval_condition(expression))
        except Exception:  # noqa: BLE001 - Sphinx shows the content, whatever went wrong, and warns
            return True

    def _ifconfig(self, expression: str) -> bool:
        config = self._app.config
        names = {value.name: value.value for value in config}
        names.update(vars(config))
        names["builder"] = self._app.builder.name
        try:
            # An expression of the documentation's author, which sphinx.ext.ifconfig runs too.
            return bool(eval(expression, names))  # noqa: S307
        except Exception:  # noqa: BLE001 - Sphinx shows an error message in its place
            return False
