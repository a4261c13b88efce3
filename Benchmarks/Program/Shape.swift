import Foundation
import Workflow

/// The workflows that are measured, as the YAML that a user would write.
enum Shape {
    /// Steps one after another.
    static func chain(_ length: Int) -> String {
        var text = "workflow: chain\nsteps:\n"
        for step in 0..<length {
            text += "  s\(step): { uses: noop"
            text += step > 0 ? ", needs: [s\(step - 1)] }\n" : " }\n"
        }
        return text
    }

    /// Layers in which each step needs three of the layer before.
    static func layers(_ layers: Int, width: Int) -> String {
        var text = "workflow: layers\nsteps:\n"
        for layer in 0..<layers {
            for place in 0..<width {
                text += "  n\(layer)x\(place): { uses: noop"
                if layer > 0 {
                    text += ", needs: [\(needs(place, width).map { "n\(layer - 1)x\($0)" }.joined(separator: ", "))]"
                }
                text += " }\n"
            }
        }
        return text
    }

    /// The same layers as they are once they were read: YAML of so many steps is larger than a file may be.
    static func graph(_ layers: Int, width: Int) -> Workflow {
        let steps = (0..<(layers * width)).map { index in
            let (layer, place) = (index / width, index % width)
            let needs = layer == 0 ? [] : needs(place, width).map { (layer - 1) * width + $0 }
            return StepDefinition("n\(layer)x\(place)", uses: "noop", needs: needs)
        }
        return Workflow(
            definition: WorkflowDefinition(name: "layers", steps: steps),
            bundle: WorkflowBundle(main: "main.yaml", files: ["main.yaml": "\(layers) layers of \(width)"]))
    }

    private static func needs(_ place: Int, _ width: Int) -> [Int] {
        Set([place, place * 7 + 3, place * 13 + 5].map { $0 % width }).sorted()
    }

    static func load(_ text: String, _ catalog: StepCatalog) throws -> Workflow {
        try WorkflowLoader.load(path: "main.yaml", catalog: catalog) { _ in Data(text.utf8) }
    }
}
