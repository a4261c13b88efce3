import Testing
import Workflow

@Suite("Faults of expressions and what they read")
struct ReferenceFaultTests {
    @Test("all are reported, each with its place and a remedy", arguments: files)
    func faults(file: FaultyFile) {
        #expect(file.found == file.expected)
    }

    @Test("of very many wrong names all are reported, and the first ones with what was meant")
    func many() {
        let steps = (0..<600).map { number in
            "  s\(number): { uses: command.run, with: { argv: [\"${{ steps.s\(number)x.stdout }}\"] } }"
        }
        let error = #expect(throws: DefinitionErrors.self) {
            try Declared.load("workflow: w\nsteps:\n" + steps.joined(separator: "\n"))
        }
        #expect(error?.errors.count == 600)
        #expect(error?.errors.first?.remedy == "write 's0'")
        #expect(error?.errors.last?.remedy == "correct the name")
    }

    static let files = [
        FaultyFile(
            "references that lead nowhere",
            #"""
            workflow: w
            inputs: { name: string, tree: { type: object, properties: { leaf: string } } }
            secrets: [token]
            steps:
              company: { uses: clearml.company, with: { name: acme } }
              each: { uses: clearml.company, for_each: [a, b], with: { name: "${{ item }}" } }
              go:
                uses: command.run
                with:
                  argv:
                    - ${{ inputs.nmae }}
                    - ${{ secrets.tokn }}
                    - ${{ steps.comany.id }}
                    - ${{ steps.company.nmae }}
                    - ${{ steps.go.stdout }}
                    - ${{ inputs.tree.laef }}
                    - ${{ inputs.name.first }}
                    - ${{ steps.each.id }}
                    - ${{ steps.each[0].idd }}
                    - ${{ company.id }}
                    - ${{ run.name }}
                    - ${{ output.stdout }}
                    - ${{ item }} ${{ index }}
                    - ${{ steps }}
                    - ${{ name }} and ${{ step.x }}
            """#,
            gives: #"""
                flows/main.yaml:11:22: 'inputs' has no 'nmae' [unknownInput]
                  fix: write 'name'
                flows/main.yaml:12:23: 'secrets' has no 'tokn' [unknownSecret]
                  fix: write 'token'
                flows/main.yaml:13:21: there is no step 'comany' [unknownStep]
                  fix: write 'company'
                flows/main.yaml:14:29: 'steps.company' has no 'nmae' [unknownOutput]
                  fix: write 'name'
                flows/main.yaml:15:21: step 'go' reads its own output [selfReference]
                  fix: read another step, or remove it
                flows/main.yaml:16:27: 'inputs.tree' has no 'laef' [unknownMember]
                  fix: write 'leaf'
                flows/main.yaml:17:27: 'inputs.name' is a string, which has no members [wrongType]
                  fix: write inputs.name alone
                flows/main.yaml:18:26: step 'each' has 'for_each', so its output is a list, which has no 'id' [wrongType]
                  fix: write steps.each[0].id for the first, or pluck(steps.each, 'id') for all
                flows/main.yaml:19:29: 'steps.each[0]' has no 'idd' [unknownMember]
                  fix: write 'id'
                flows/main.yaml:20:15: there is no 'company' to read [unknownName]
                  fix: write steps.company
                flows/main.yaml:21:19: 'run' has no 'name' [unknownMember]
                  fix: use one of data_dir, id, workflow
                flows/main.yaml:22:15: 'output' can only be used in a step's own 'outputs' [unknownName]
                  fix: write steps.ID for the output of another step
                flows/main.yaml:23:15: 'item' can only be used in a step with 'for_each' [outsideForEach]
                  fix: add 'for_each' to the step, or read the value from inputs or steps
                flows/main.yaml:23:27: 'index' can only be used in a step with 'for_each' [outsideForEach]
                  fix: add 'for_each' to the step, or read the value from inputs or steps
                flows/main.yaml:24:15: 'steps' must be followed by the id of a step [badExpression]
                  fix: write steps.ID, or steps['ID']
                flows/main.yaml:25:15: there is no 'name' to read [unknownName]
                  fix: write inputs.name
                flows/main.yaml:25:31: there is no 'step' to read [unknownName]
                  fix: write 'steps'
                """#),
        FaultyFile(
            "expressions that cannot be read",
            #"""
            workflow: w
            inputs: { name: { type: string, default: "${{ run.id }}" } }
            steps:
              go:
                uses: command.run
                when: ${{ lenght(inputs.name) > }}
                with:
                  argv: ["${{ join(inputs.name) }}", "a ${{ b", '${{ ''x'' + 1 }}']
                  env: { "${{ inputs.name }}": x }
            """#,
            gives: #"""
                flows/main.yaml:2:43: expressions are not evaluated in defaults [badExpression]
                  fix: leave the default out, and write default(inputs.name, …) where it is used
                flows/main.yaml:6:15: there is no function 'lenght' [unknownFunction]
                  fix: write 'length'
                flows/main.yaml:6:37: the end stands where a value is expected [badExpression]
                  fix: write a path such as inputs.name, a literal, or a function call
                flows/main.yaml:8:19: 'join' does not take 1 argument [wrongArguments]
                  fix: write join(list, separator)
                flows/main.yaml:8:48: this '${{' is never closed [badExpression]
                  fix: write '}}' after the expression, or '$${{' for the text '${{'
                flows/main.yaml:8:54: '+' means nothing in an expression [badExpression]
                  fix: remove it, or put it into quotes
                """#),
        FaultyFile(
            "secrets where they would be kept",
            #"""
            workflow: w
            inputs: { password: { type: string, secret: true }, plain: string }
            secrets: [token]
            concurrency: { group: "x-${{ secrets.token }}-${{ steps.user.id }}" }
            steps:
              user:
                uses: clearml.user
                for_each: ["${{ secrets.token }}", "${{ inputs.password }}", "${{ inputs.plain }}"]
                with: { company: "${{ secrets.token }}", email: a@b.c }
                outputs: { all: "${{ output }}", key2: "${{ output.key }}", id2: "${{ output.id }}" }
            outputs: { key: "${{ steps.user[0].key }}", all: "${{ steps.user }}", ids: "${{ pluck(steps.user, 'id') }}" }
            """#,
            gives: #"""
                flows/main.yaml:4:30: a secret must not stand here: the group is recorded with the run [secretExposed]
                  fix: use an input
                flows/main.yaml:4:51: no step has run yet where this is evaluated [unknownName]
                  fix: read inputs or run instead
                flows/main.yaml:8:21: a secret must not stand here: the items of a 'for_each' are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                flows/main.yaml:8:45: a secret must not stand here: the items of a 'for_each' are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                flows/main.yaml:10:26: a secret must not stand here: the outputs of a step are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                flows/main.yaml:10:49: a secret must not stand here: the outputs of a step are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                flows/main.yaml:11:22: a secret must not stand here: outputs are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                flows/main.yaml:11:55: a secret must not stand here: outputs are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                """#),
        FaultyFile(
            "secrets where others could read them, and outputs of any name",
            #"""
            workflow: w
            secrets: [token]
            steps:
              key: { uses: kubernetes.secret, outputs: { label: "x-${{ output.name }}", open: "${{ output.pass }}" } }
              run:
                uses: command.run
                with:
                  argv: [curl, "${{ secrets.token }}", "${{ steps.key.pass }}", "${{ steps.key.name }}", "${{ steps.key.label }}"]
                  env: { TOKEN: "${{ secrets.token }}", PASS: "${{ steps.key.pass }}" }
            """#,
            gives: #"""
                flows/main.yaml:4:88: a secret must not stand here: the outputs of a step are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                flows/main.yaml:8:25: a secret must not stand here: others on the machine could read it [secretExposed]
                  fix: pass it by 'env'
                flows/main.yaml:8:49: a secret must not stand here: others on the machine could read it [secretExposed]
                  fix: pass it by 'env'
                """#),
        FaultyFile(
            "what is plucked",
            #"""
            workflow: w
            steps:
              user: { uses: clearml.user, for_each: [1], with: { company: c, email: a@b.c } }
              one: { uses: command.run, with: { argv: "${{ pluck(steps.user, 'idd') }}" } }
              two: { uses: command.run, with: { argv: "${{ pluck(steps.usr, 'id') }}" } }
            outputs: { ids: "${{ pluck(steps.user, 'id') }}", keys: "${{ pluck(steps.user, 'key') }}" }
            """#,
            gives: #"""
                flows/main.yaml:4:48: 'steps.user[…]' has no 'idd' [unknownMember]
                  fix: write 'id'
                flows/main.yaml:5:60: there is no step 'usr' [unknownStep]
                  fix: write 'user'
                flows/main.yaml:6:68: a secret must not stand here: outputs are recorded with the run [secretExposed]
                  fix: pass it under 'with' of the step that needs it
                """#),
        FaultyFile(
            "minus is no operator",
            #"""
            workflow: w
            inputs: { a: integer, b: integer }
            steps:
              a: { uses: sleep, when: inputs.a-inputs.b > 3, with: { duration: 1s } }
            """#,
            gives: #"""
                flows/main.yaml:4:34: 'inputs' has no 'a-inputs' [unknownInput]
                  fix: declare 'a-inputs' under 'inputs', or use one of a, b
                """#),
        FaultyFile(
            "places within quotes, folded and literal text",
            #"""
            workflow: w
            steps:
              a:
                uses: command.run
                with:
                  argv:
                    - "quoted ${{ inputs.a }} and ${{ inputs.b }}"
                    - >-
                      folded
                      text ${{ inputs.c }}
                    - "with \"escapes\" ${{ inputs[\"d\"] }} and ${{ inputs.e }}"
                    - |
                      $${{ not this }}

                      ${{ '${{' }} ${{ inputs.f }}
            """#,
            gives: #"""
                flows/main.yaml:7:30: 'inputs' has no 'a' [unknownInput]
                  fix: declare 'a' under 'inputs'
                flows/main.yaml:7:50: 'inputs' has no 'b' [unknownInput]
                  fix: declare 'b' under 'inputs'
                flows/main.yaml:10:27: 'inputs' has no 'c' [unknownInput]
                  fix: declare 'c' under 'inputs'
                flows/main.yaml:11:29: 'inputs' has no 'd' [unknownInput]
                  fix: declare 'd' under 'inputs'
                flows/main.yaml:11:65: 'inputs' has no 'e' [unknownInput]
                  fix: declare 'e' under 'inputs'
                flows/main.yaml:15:35: 'inputs' has no 'f' [unknownInput]
                  fix: declare 'f' under 'inputs'
                """#),
    ]
}
