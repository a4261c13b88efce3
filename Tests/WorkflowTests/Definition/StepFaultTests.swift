import Testing
import Workflow

@Suite("Faults of steps and their parameters")
struct StepFaultTests {
    @Test("all are reported, each with its place and a remedy", arguments: files)
    func faults(file: FaultyFile) {
        #expect(file.found == file.expected)
    }

    static let files = [
        FaultyFile(
            "a step kind that is not known, and what else is wrong beside it",
            #"""
            workflow: w
            steps:
              a: { uses: helm.relase, with: { chart: "${{ inputs.x }}" } }
            """#,
            gives: #"""
                flows/main.yaml:3:14: there is no step kind 'helm.relase' [unknownStepKind]
                  fix: write 'helm.release'
                flows/main.yaml:3:54: 'inputs' has no 'x' [unknownInput]
                  fix: declare 'x' under 'inputs'
                """#),
        FaultyFile(
            "needs that are not defined",
            #"""
            workflow: w
            steps:
              render: { uses: sleep, with: { duration: 1s } }
              send: { uses: sleep, needs: [rendr, other, 3], with: { duration: 1s } }
            """#,
            gives: #"""
                flows/main.yaml:4:32: step 'send' needs 'rendr', which is not defined [unknownStep]
                  fix: define 'rendr', or write 'render' (line 3)
                flows/main.yaml:4:39: step 'send' needs 'other', which is not defined [unknownStep]
                  fix: define 'other'
                flows/main.yaml:4:46: 'needs' of step 'send' must list ids, not integer [wrongType]
                  fix: write needs: [ID, …]
                """#),
        FaultyFile(
            "a circle through needs and references",
            #"""
            workflow: w
            steps:
              a: { uses: command.run, needs: [c], with: { argv: [x] } }
              b: { uses: command.run, with: { argv: ["${{ steps.a.stdout }}"] } }
              c: { uses: command.run, with: { argv: [x] }, when: steps.b.code == 0 }
              d: { uses: command.run, needs: [d], with: { argv: [x] } }
              e: { uses: command.run, needs: [a, d], with: { argv: [x] } }
            """#,
            gives: #"""
                flows/main.yaml:3:3: steps wait for each other: a → c → b → a [cycle]
                  fix: remove one of these: 'a' needs 'c' (line 3), 'c' needs 'b' (line 5), 'b' needs 'a' (line 4)
                flows/main.yaml:6:3: step 'd' needs itself [cycle]
                  fix: remove this need (line 6)
                """#),
        FaultyFile(
            "parameters",
            #"""
            workflow: w
            steps:
              a:
                uses: helm.release
                with:
                  release: clearml
                  chrat: x
                  namespace: 5
                  version: 1.10
                  wait: yes
                  timeout: soon
                  values: 3
              b:
                uses: clearml.user
                with: { company: c, email: nobody, role: amin }
              c:
                uses: clearml.company
                with: { name: Acme!, features: [1, x, [y]] }
              d:
                uses: kubernetes.apply
                with:
                  retries: 11
                  labels: { a: 1 }
                  port: { numer: 3 }
                  target: [x]
              e:
                uses: kubernetes.apply
                with:
                  manifests: [{ kind: A }]
                  retries: "${{ run.id }} times"
                  port: { number: "${{ run.id }}" }
                  target: 10.0.0.256
              f: { uses: sleep }
            """#,
            gives: #"""
                flows/main.yaml:3:3: step 'a' lacks the parameter 'chart' of 'helm.release' [missingParameter]
                  fix: add 'chart' under 'with': a string
                flows/main.yaml:7:7: 'helm.release' has no parameter 'chrat' [unknownParameter]
                  fix: write 'chart'
                flows/main.yaml:8:18: 'namespace' must be a string, not integer [wrongType]
                  fix: put it into quotes
                flows/main.yaml:9:16: 'version' must be a string, not number [wrongType]
                  fix: put it into quotes
                flows/main.yaml:10:13: 'yes' is text to some readers of YAML and true to others [invalidValue]
                  fix: write true, or "yes" for the text
                flows/main.yaml:11:16: 'timeout' is not a duration [invalidValue]
                  fix: write something like 90s, 10m or 1h30m
                flows/main.yaml:12:15: 'values' must be an object, or the path of a .yaml file, not integer [wrongType]
                  fix: write an object, or the path of a .yaml file
                flows/main.yaml:15:32: 'email' is not an e-mail address [invalidValue]
                  fix: write something like name@example.com
                flows/main.yaml:15:46: 'role' is none of admin, user, guest [invalidValue]
                  fix: write 'admin'
                flows/main.yaml:18:19: 'name' does not match [a-z][a-z0-9-]{1,30} [invalidValue]
                  fix: write text that the pattern matches as a whole
                flows/main.yaml:18:37: 'features[0]' must be a string, not integer [wrongType]
                  fix: put it into quotes
                flows/main.yaml:18:43: 'features[2]' must be a string, not array [wrongType]
                  fix: write a string
                flows/main.yaml:19:3: step 'd' lacks the parameter 'manifests' of 'kubernetes.apply' [missingParameter]
                  fix: add 'manifests' under 'with': a list
                flows/main.yaml:22:16: 'retries' is out of range [invalidValue]
                  fix: write a whole number from 0 to 10
                flows/main.yaml:23:20: 'labels.a' must be a string, not integer [wrongType]
                  fix: put it into quotes
                flows/main.yaml:24:13: 'port.number' is missing [missingKey]
                  fix: add 'number': a whole number from 1 to 65535
                flows/main.yaml:24:22: 'port.numer' is not known here [unknownKey]
                  fix: write 'number'
                flows/main.yaml:25:15: 'target' must be a whole number, or a string, not array [wrongType]
                  fix: write a whole number, or a string
                flows/main.yaml:30:16: 'retries' must be a whole number from 0 to 10, not text [wrongType]
                  fix: write one ${{ }} alone, without text around it
                flows/main.yaml:32:15: 'target' is not an IPv4 address [invalidValue]
                  fix: write something like 10.0.0.1
                flows/main.yaml:33:3: step 'f' lacks the parameter 'duration' of 'sleep' [missingParameter]
                  fix: add 'duration' under 'with': a duration such as 90s or 1h30m
                """#),
        FaultyFile(
            "files",
            #"""
            workflow: w
            steps:
              a:
                uses: helm.release
                with: { release: a, chart: b, namespace: c, values: [values/a.yaml, { x: 1 }, values/none.yaml, text] }
              b:
                uses: helm.release
                with: { release: a, chart: b, namespace: c, values: ../b.yaml }
              c:
                uses: helm.release
                with: { release: a, chart: b, namespace: c, values: "values/${{ run.id }}.yaml" }
              d:
                uses: helm.release
                with: { release: a, chart: b, namespace: c, values: values/list.yaml }
              e:
                uses: command.run
                with: { argv: [x], script: /etc/passwd }
              f:
                uses: command.run
                with: { argv: [x], script: none.sh }
            """#,
            [
                "flows/values/a.yaml": #"""
                a:
                  b: ${{ inputs.x }}
                  b: 1
                  c: &anchor 1
                """#,
                "flows/values/list.yaml": #"""
                - 1
                ---
                a: 1
                """#,
            ],
            gives: #"""
                flows/main.yaml:5:83: cannot read 'values/none.yaml': there is no such file [unreadableFile]
                  fix: create the file, or correct its path; paths are relative to the file that names them
                flows/main.yaml:5:101: 'values[3]' must be an object, or the path of a .yaml file, not string [wrongType]
                  fix: write an object, or the path of a .yaml file
                flows/main.yaml:8:57: the path '../b.yaml' leads out of the workflow's folder [badPath]
                  fix: copy the file to the folder of the main workflow or below, and write a relative path
                flows/main.yaml:11:57: the path of a template must not hold an expression [badPath]
                  fix: write the path out, or choose between two steps with 'when'
                flows/main.yaml:17:32: the path '/etc/passwd' leads out of the workflow's folder [badPath]
                  fix: copy the file to the folder of the main workflow or below, and write a relative path
                flows/main.yaml:20:32: cannot read 'none.sh': there is no such file [unreadableFile]
                  fix: create the file, or correct its path; paths are relative to the file that names them
                flows/values/a.yaml:2:17: 'inputs' has no 'x' [unknownInput]
                  fix: declare 'x' under 'inputs'
                flows/values/a.yaml:3:3: the key 'b' stands here twice (first in line 2) [duplicateKey]
                  fix: remove one of the two
                flows/values/a.yaml:4:6: anchors (&name), aliases (*name) and merge keys (<<) are not supported [syntax]
                  fix: write the value out, share it as an input or a values file, or quote the text
                flows/values/list.yaml:1:1: a template must be an object, not array [wrongType]
                  fix: write keys and values
                flows/values/list.yaml:3:1: a template must be one document, and this is the second [wrongType]
                  fix: put it into a file of its own
                """#),
        FaultyFile(
            "workflows within workflows",
            #"""
            workflow: w
            steps:
              a: { uses: workflow, with: { workflow: sub.yaml, inputs: { siz: 1, on: maybe }, secrets: { tokn: x } } }
              b: { uses: workflow, with: { workflow: none.yaml } }
              c: { uses: workflow, with: { workflow: "${{ run.id }}.yaml" } }
              d: { uses: sleep, with: { duration: "${{ steps.a.outt }}" } }
            """#,
            [
                "flows/sub.yaml": #"""
                workflow: sub
                inputs: { size: integer, on: boolean }
                secrets: [token]
                steps:
                  x: { uses: workflow, with: { workflow: main.yaml } }
                outputs: { out: "${{ inputs.size }}" }
                """#
            ],
            gives: #"""
                flows/main.yaml:3:52: step 'a' lacks the input 'size' of workflow 'sub' [missingInput]
                  fix: add 'size' under 'inputs': a whole number
                flows/main.yaml:3:62: workflow 'sub' has no input 'siz' [unknownInput]
                  fix: write 'size'
                flows/main.yaml:3:74: 'on' must be true or false, not string [wrongType]
                  fix: write true or false
                flows/main.yaml:3:83: step 'a' lacks the secret 'token' of workflow 'sub' [missingSecret]
                  fix: add 'token' under 'secrets', such as "${{ secrets.token }}"
                flows/main.yaml:3:94: workflow 'sub' has no secret 'tokn' [unknownSecret]
                  fix: write 'token'
                flows/main.yaml:4:42: cannot read 'none.yaml': there is no such file [unreadableFile]
                  fix: create the file, or correct its path; paths are relative to the file that names them
                flows/main.yaml:5:42: the path of a workflow must not hold an expression [badPath]
                  fix: write the path out, or choose between two steps with 'when'
                flows/main.yaml:6:52: 'steps.a' has no 'outt' [unknownOutput]
                  fix: write 'out'
                flows/sub.yaml:5:42: workflows start each other: main.yaml → sub.yaml → main.yaml [workflowCycle]
                  fix: remove the step that starts 'main.yaml' here
                """#),
    ]
}
