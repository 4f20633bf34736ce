"""Tools as types, beside what OpenAI's renderer writes."""

import pytest

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.typescript import namespace

#: Each with what openai-harmony 0.0.8 writes between the names of the types.
PARAMETERS = {
    "city": ({"type": "string", "description": "The city"}, "// The city\ncity?: string,"),
    "unit": ({"type": "string", "enum": ["c", "f"], "default": "c"}, 'unit?: "c" | "f", // default: c'),
    "days": ({"type": "integer", "default": 3}, "days?: number, // default: 3"),
    "word": ({"type": "string", "default": "q"}, 'word?: string, // default: "q"'),
    "names": ({"type": "array", "items": {"type": "string"}}, "names?: string[],"),
    "list": ({"type": "array"}, "list?: Array<any>,"),
    "any": ({}, "any?: any,"),
    "either": ({"type": ["string", "null"]}, "either?: string | null,"),
    "maybe": ({"type": "string", "nullable": True}, "maybe?: string | null,"),
    "titled": (
        {"type": "string", "title": "Title", "examples": ["x", "y"]},
        '// Title\n//\n// Examples:\n// - "x"\n// - "y"\ntitled?: string,',
    ),
    "one": (
        {
            "description": "un",
            "oneOf": [{"type": "string", "description": "a"}, {"type": "number", "default": 5}],
        },
        "// un\none?:\n | string\n | number // default: 5\n,",
    ),
    "inner": (
        {"type": "object", "description": "obj", "properties": {"a": {"type": "number"}}, "required": ["a"]},
        "// obj\ninner?:     // obj\n{\n    a: number,\n    },",
    ),
}


@pytest.mark.parametrize("name", [*PARAMETERS])
def test_a_parameter_is_written_as_the_renderer_does(name):
    schema, expected = PARAMETERS[name]
    tool = {
        "name": "f",
        "description": "Does.\nWell.",
        "parameters": {"type": "object", "properties": {name: schema}},
    }
    assert namespace("functions", [tool]) == (
        "# Tools\n\n## functions\n\nnamespace functions {\n\n// Does.\n// Well.\n"
        f"type f = (_: {{\n{expected}\n}}) => any;\n\n}} // namespace functions"
    )


def test_a_tool_may_take_nothing():
    assert "type f = () => any;" in namespace("functions", [{"function": {"name": "f"}}])


@pytest.mark.parametrize(
    "schema",
    [
        1,
        [],
        {"type": 1},
        {"type": []},
        {"type": "object", "properties": [1], "required": 3},
        {"oneOf": [1]},
        {"type": "array", "items": None},
        {"type": "string", "enum": [1], "description": 5},
    ],
)
def test_a_schema_that_is_none_is_anything(schema):
    tool = {"name": "f", "description": 1, "parameters": {"type": "object", "properties": {"a": schema}}}
    assert "a?:" in namespace("functions", [tool])


def test_nesting_ends():
    schema = {"type": "string"}
    for _ in range(500):
        schema = {"type": "array", "items": schema}
    with pytest.raises(BadConversation, match="nested too deeply"):
        namespace("functions", [{"name": "f", "parameters": schema}])
