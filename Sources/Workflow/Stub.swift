public import Foundation
public struct WorkflowBundle: Hashable, Sendable { public var hash: String = ""; public init(data: Data) throws {}; public func data() throws -> Data { Data() } }
public struct Workflow: Sendable { public var definition: WorkflowDefinition; public var bundle: WorkflowBundle; public var children: [String: Workflow] }
public enum WorkflowLoader { public static func load(bundle: WorkflowBundle, catalog: StepCatalog) throws -> Workflow { fatalError() } }
extension Template { public var steps: Set<String> { [] }; public func evaluate(in: Scope) throws(EvaluationError) -> Value { .null } }
extension Expression { public var steps: Set<String> { [] }; public func evaluate(in: Scope) throws(EvaluationError) -> Value { .null } }
extension [Parameter] { public func resolve(_ v: [String: Value]) throws -> [String: Value] { v } }
extension WorkflowDefinition { public func resolveInputs(given: [String: Value]) throws -> [String: Value] { given } }
