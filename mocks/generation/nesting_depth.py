"""The smallest nesting depth of a schema's values, by which a recursion is led to its end."""

from collections.abc import Mapping

from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, allows_null, merge_schemas
from specduet.specs.schemas import Schemas


class NestingDepths:
    """The smallest depths of the schemas of one document, each computed once.

    A string has depth 0, an object that requires a string depth 1; a schema whose values never end, such as an object
    that requires itself, has infinite depth.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: dict[str, float] = {}

    def min_depth(self, located: LocatedSchema, entered: frozenset[str] = frozenset()) -> float:
        """Return the smallest number of levels that a value of the schema has.

        ``entered`` are the pointers of the schemas around this one: one that comes again does not end.
        """
        schema, pointer = located
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            pointer = schema["$ref"].removeprefix("#")
            schema = self._schemas.node_at(pointer)
        if pointer in self._known:
            return self._known[pointer]
        if pointer in entered:
            return float("inf")
        merged = merge_schemas(self._schemas, [(schema, pointer)])
        depth = self._merged_depth(merged, entered | ({pointer} if pointer is not None else frozenset()))
        if pointer is not None and depth < float("inf"):
            self._known[pointer] = depth
        return depth

    def _merged_depth(self, merged: MergedSchema, entered: frozenset[str]) -> float:
        if "enum" in merged.keywords or allows_null(self._schemas, merged):
            return 0
        depth = 0.0
        for _, branches in merged.choices:
            depth = max(depth, min((self.min_depth(branch, entered) for branch in branches), default=0))
        if not {"object", "array"}.issuperset(merged.types):
            return depth  # a value of a simpler type will do
        if "object" in merged.types:
            for name in merged.required_names:
                for part in merged.properties.get(name, ()):
                    depth = max(depth, 1 + self.min_depth(part, entered))
        if "array" in merged.types and merged.keywords.get("minItems"):
            for part in merged.items:
                depth = max(depth, 1 + self.min_depth(part, entered))
        return depth
