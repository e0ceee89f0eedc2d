"""The smallest nesting depth of a schema's values, by which a recursion is led to its end."""

from collections.abc import Mapping, Sequence

from specduet.mocks.generation.merged_schema import (
    Branch,
    LocatedSchema,
    MergedSchema,
    allows_null,
    follow_reference,
    merge_schemas,
)
from specduet.specs.schemas import Schemas

_MAX_STEPS = 1_000  # schemas that are looked at for one depth; a dense web of them has more ways than can be followed


class NestingDepths:
    """The smallest depths of the schemas of one document, each computed once.

    A string has depth 0, an object that requires a string depth 1; a schema whose values never end, such as an object
    that requires itself, has infinite depth.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: dict[str, float] = {}
        self._steps = 0

    def min_depth(self, located: LocatedSchema, entered: frozenset[str] = frozenset()) -> float:
        """Return the smallest number of levels that a value of the schema has.

        ``entered`` are the pointers of the schemas around this one: one that comes again does not end.
        """
        schema, pointer = located
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            schema, pointer = follow_reference(self._schemas, schema["$ref"])
        if pointer in self._known:
            return self._known[pointer]
        if pointer in entered:
            return float("inf")
        self._steps = self._steps + 1 if entered else 0
        if self._steps > _MAX_STEPS:
            return 0
        merged = merge_schemas(self._schemas, [(schema, pointer)])
        depth = self._merged_depth(merged, entered | ({pointer} if pointer is not None else frozenset()))
        if pointer is not None and depth < float("inf"):
            self._known[pointer] = depth
        return depth

    def branch_depth(self, branch: Branch, entered: frozenset[str] = frozenset()) -> float:
        """Return the smallest number of levels of a branch of a choice."""
        return max((self.min_depth(part, entered) for part in branch), default=0)

    def _merged_depth(self, merged: MergedSchema, entered: frozenset[str]) -> float:
        if "enum" in merged.keywords or allows_null(self._schemas, merged):
            return 0
        depth = 0.0
        for choice in merged.choices:
            depth = max(depth, self._shallowest_branch(choice.branches, entered))
        if not {"object", "array"}.issuperset(merged.types):
            return depth  # a value of a simpler type will do
        if "object" in merged.types:
            for name in merged.required_names:
                depth = max([depth, *(1 + self.min_depth(part, entered) for part in merged.parts_of_property(name))])
            depth = max(depth, self._depth_of_more(merged, entered))
        if "array" in merged.types and merged.keywords.get("minItems"):
            depth = max([depth, *(1 + self.min_depth(part, entered) for part in merged.parts_of_item(0))])
        return depth

    def _depth_of_more(self, merged: MergedSchema, entered: frozenset[str]) -> float:
        """Return the smallest depth of the properties that ``minProperties`` demands besides the required ones."""
        if merged.keywords.get("minProperties", 0) <= len(merged.required_names):
            return 0
        optional = [name for name in merged.properties if name not in merged.required_names]
        others = [[located] for _, located in merged.pattern_properties]
        others.append([rest.located for rest in merged.additional_properties] or merged.unevaluated_properties)
        return 1 + self._shallowest_branch(
            [tuple(parts) for parts in (*map(merged.parts_of_property, optional), *others)], entered
        )

    def _shallowest_branch(self, branches: Sequence[Branch], entered: frozenset[str]) -> float:
        shallowest = float("inf") if branches else 0.0
        for branch in branches:
            shallowest = min(shallowest, self.branch_depth(branch, entered))
            if not shallowest:
                break
        return shallowest
