/// The language of workflow files as JSON Schema, so that editors complete and check it.
///
/// Draft 7, the newest that the YAML language server of the common editors knows in full.
public enum JSONSchema {
    /// The schema of a workflow file, each step kind's parameters included.
    public static func ofLanguage(catalog: StepCatalog) -> Value {
        [
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Workflow",
            "description": "A workflow: inputs and a graph of steps.",
            "type": "object",
            "required": ["workflow", "steps"],
            "additionalProperties": false,
            "properties": [
                "workflow": described(WorkflowReader.name, "The name of the workflow."),
                "version": described(.integer(1...1_000_000_000), "Counted up with every change. 1 where missing."),
                "description": described(.string, "What the workflow does, in one line."),
                "inputs": [
                    "type": "object", "description": "The values that a run is started with, by name.",
                    "additionalProperties": ["$ref": "#/definitions/input"],
                ],
                "secrets": secrets,
                "concurrency": [
                    "type": "object", "description": "How many runs of a group may be under way: one.",
                    "required": ["group"], "additionalProperties": false,
                    "properties": [
                        "group": described(.string, "The name of the group; may hold expressions over the inputs."),
                        "on_conflict": options(
                            ConcurrencyRule.OnConflict.self,
                            "What a run does while another is under way: wait, or be refused."),
                    ],
                ],
                "defaults": [
                    "type": "object", "description": "What holds for every step that does not say otherwise.",
                    "additionalProperties": false, "properties": .object(limits),
                ],
                "on_failure": options(
                    WorkflowDefinition.OnFailure.self,
                    "When a step has failed for good: keep all and wait for `resume`, or revert what was done."),
                "steps": [
                    "type": "object", "description": "The steps, by id.", "minProperties": 1,
                    "propertyNames": ["pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,62}$"],
                    "additionalProperties": ["$ref": "#/definitions/step"],
                ],
                "outputs": [
                    "type": "object", "description": "What the workflow gives, by name; may hold expressions.",
                ],
            ],
            "definitions": ["input": input, "step": step(catalog)],
        ]
    }

    private static func described(_ schema: Schema, _ text: String) -> Value {
        var schema = schema
        schema.description = text
        return schema.jsonSchema()
    }

    private static func options<Option: RawRepresentable<String> & CaseIterable>(
        _ type: Option.Type, _ text: String
    ) -> Value {
        ["enum": .array(Option.allCases.map { .string($0.rawValue) }), "description": .string(text)]
    }

    private static let secrets: Value = [
        "description": "The secrets that the operator binds when a run starts.",
        "anyOf": [
            ["type": "array", "items": ["type": "string"]],
            [
                "type": "object",
                "additionalProperties": [
                    "type": ["object", "null"], "additionalProperties": false,
                    "properties": ["description": ["type": "string"], "required": ["type": "boolean"]],
                ],
            ],
        ],
    ]

    private static let input: Value = [
        "anyOf": [
            ["enum": .array(InputReader.types.map { .string($0) })],
            [
                "type": "object", "required": ["type"], "additionalProperties": false,
                "properties": [
                    "type": ["enum": .array(InputReader.types.map { .string($0) })],
                    "description": ["type": "string"],
                    "default": ["description": "Taken where the input is not given."],
                    "required": ["type": "boolean", "description": "False: null where it is not given."],
                    "secret": ["type": "boolean", "description": "Never recorded or shown."],
                    "items": ["$ref": "#/definitions/input"],
                    "properties": ["type": "object", "additionalProperties": ["$ref": "#/definitions/input"]],
                    "pattern": ["type": "string", "description": "A regular expression for the whole text."],
                    "format": ["enum": .array(Schema.Format.allCases.map { .string($0.rawValue) })],
                    "enum": ["type": "array", "items": ["type": "string"], "minItems": 1],
                    "minimum": ["type": "number"],
                    "maximum": ["type": "number"],
                ],
            ],
        ]
    ]

    private static let limits: [String: Value] = [
        "timeout": described(.duration, "The longest time for one attempt."),
        "total_timeout": described(.duration, "The longest time for all attempts together."),
        "retry": [
            "type": "object", "description": "How often, and after what pauses, a failed attempt is tried again.",
            "additionalProperties": false,
            "properties": [
                "attempts": described(.integer(1...1000), "How many attempts in all, the first included."),
                "initial": described(.duration, "The longest pause before the second attempt."),
                "factor": described(Schema(.number(1...100)), "What the pause grows by from attempt to attempt."),
                "max": described(.duration, "The longest pause."),
            ],
        ],
    ]

    private static func step(_ catalog: StepCatalog) -> Value {
        var properties = limits
        let kinds = catalog.all
        properties["uses"] = [
            "description": "The kind of step.",
            "anyOf": .array(kinds.map { ["const": .string($0.name), "description": .string($0.summary)] }),
        ]
        properties["description"] = described(.string, "What the step does, in one line.")
        properties["needs"] = [
            "description": "Steps that must be done before; others follow from the expressions.",
            "anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"]]],
        ]
        properties["when"] = [
            "description": "A condition; where it is false, the step is skipped.", "type": ["string", "boolean"],
        ]
        properties["for_each"] = [
            "description": "A list: the step is done once for each item, readable as item and index.",
            "anyOf": [["type": "array"], Schema.expression],
        ]
        properties["max_parallel"] = described(.integer(1...10_000), "How many items are done at once.")
        properties["with"] = ["type": "object", "description": "The parameters of the kind."]
        properties["revert"] = options(
            StepDefinition.Revert.self,
            "What a rollback does: as the kind does it, leave the effect, or stop before this step.")
        properties["outputs"] = [
            "type": "object", "description": "Further outputs, computed from the kind's own, readable as output.",
        ]
        let rules: [Value] = kinds.map { kind in
            var with = kind.parameters.jsonSchema(expressions: true)
            with["description"] = .string(kind.summary)
            var then: [String: Value] = ["properties": ["with": .object(with)]]
            if with["required"] != nil { then["required"] = ["with"] }
            return [
                "if": ["properties": ["uses": ["const": .string(kind.name)]], "required": ["uses"]],
                "then": .object(then),
            ]
        }
        var step: [String: Value] = [
            "type": "object", "required": ["uses"], "additionalProperties": false, "properties": .object(properties),
        ]
        if !rules.isEmpty { step["allOf"] = .array(rules) }
        return .object(step)
    }
}
