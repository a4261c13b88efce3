import Testing
import Workflow

@Suite("Faults of keys and values")
struct KeyFaultTests {
    @Test("all are reported, each with its place and a remedy", arguments: files)
    func faults(file: FaultyFile) {
        #expect(file.found == file.expected)
    }

    static let files = [
        FaultyFile(
            "a key that is not known, at every level",
            #"""
            worfklow: w
            workflow: w
            defaults: { timout: 1m, retry: { attemps: 3 } }
            inputs: { size: { type: integer, minimun: 1 } }
            concurrency: { group: g, onconflict: queue }
            steps:
              a: { uses: sleep, wiht: {}, with: { duration: 1s } }
            """#,
            gives: #"""
                flows/main.yaml:1:1: the workflow has no key 'worfklow' [unknownKey]
                  fix: write 'workflow'
                flows/main.yaml:3:13: 'defaults' has no key 'timout' [unknownKey]
                  fix: write 'timeout'
                flows/main.yaml:3:34: 'retry' of 'defaults' has no key 'attemps' [unknownKey]
                  fix: write 'attempts'
                flows/main.yaml:4:34: input 'size' has no key 'minimun' [unknownKey]
                  fix: write 'minimum'
                flows/main.yaml:5:26: 'concurrency' has no key 'onconflict' [unknownKey]
                  fix: write 'on_conflict'
                flows/main.yaml:7:21: step 'a' has no key 'wiht' [unknownKey]
                  fix: write 'with'
                """#),
        FaultyFile(
            "missing keys",
            #"""
            description: nothing
            """#,
            gives: #"""
                flows/main.yaml:1:1: the workflow has no 'workflow' [missingKey]
                  fix: add 'workflow': its name
                flows/main.yaml:1:1: the workflow has no 'steps' [missingKey]
                  fix: add 'steps': the steps, by their ids
                """#),
        FaultyFile(
            "wrong types",
            #"""
            workflow: 7
            version: one
            description: [a]
            on_failure: rolback
            defaults: { timeout: soon, retry: { attempts: 0, factor: 0.5, initial: 0s } }
            secrets: 5
            inputs: [a]
            steps:
              a: { uses: sleep, with: [], needs: 3, when: 3, for_each: 3, max_parallel: 0, revert: maybe, outputs: [] }
              b: later
            outputs: x
            """#,
            gives: #"""
                flows/main.yaml:1:11: 'workflow' of the workflow must be a string, not integer [wrongType]
                  fix: put it into quotes
                flows/main.yaml:2:10: 'version' of the workflow must be a whole number from 1 to 1000000000, not string [wrongType]
                  fix: write a whole number from 1 to 1000000000
                flows/main.yaml:3:14: 'description' of the workflow must be a string, not array [wrongType]
                  fix: write a string
                flows/main.yaml:4:13: 'on_failure' of the workflow is none of stop, rollback [invalidValue]
                  fix: write 'rollback'
                flows/main.yaml:5:22: 'timeout' of 'defaults' is not a duration [invalidValue]
                  fix: write something like 90s, 10m or 1h30m
                flows/main.yaml:5:47: 'attempts' of 'retry' of 'defaults' is out of range [invalidValue]
                  fix: write a whole number from 1 to 1000
                flows/main.yaml:5:58: 'factor' of 'retry' of 'defaults' is out of range [invalidValue]
                  fix: write a number from 1 to 100
                flows/main.yaml:5:72: 'initial' of 'retry' of 'defaults' must be longer than zero [invalidValue]
                  fix: write a longer time, or leave 'initial' out for no limit
                flows/main.yaml:6:10: 'secrets' must be a list of names, or an object with names as keys [wrongType]
                  fix: write secrets: [name, …]
                flows/main.yaml:7:9: 'inputs' must be an object, not array [wrongType]
                  fix: write name: { type: string }
                flows/main.yaml:9:27: 'with' of step 'a' must be an object, not array [wrongType]
                  fix: write the parameters as keys under 'with'
                flows/main.yaml:9:38: 'needs' of step 'a' must be a list, not integer [wrongType]
                  fix: write needs: [ID, …]
                flows/main.yaml:9:47: a condition must be an expression, not integer [wrongType]
                  fix: write something like ${{ inputs.size > 3 }}
                flows/main.yaml:9:60: 'for_each' of step 'a' must be a list, not integer [wrongType]
                  fix: write a list, or one ${{ }} that gives a list
                flows/main.yaml:9:77: 'max_parallel' of step 'a' is out of range [invalidValue]
                  fix: write a whole number from 1 to 10000
                flows/main.yaml:9:88: 'revert' of step 'a' is none of auto, keep, never [invalidValue]
                  fix: use one of auto, keep, never
                flows/main.yaml:9:104: 'outputs' of step 'a' must be an object, not array [wrongType]
                  fix: write name: "${{ output.… }}"
                flows/main.yaml:10:6: step 'b' must be an object, not string [wrongType]
                  fix: write keys and values, such as uses: …
                flows/main.yaml:11:10: 'outputs' of the workflow must be an object, not string [wrongType]
                  fix: write name: "${{ … }}"
                """#),
        FaultyFile(
            "what does not belong",
            #"""
            workflow: w
            inputs:
              a: { type: string, minimum: 3, items: string }
              b: { type: integer, pattern: x, minimum: 5, maximum: 2 }
              c: { type: strng }
              d: { type: string, pattern: "[", format: mail, enum: [] }
              e: { type: integer, default: x }
              f: { type: string, enum: [a, b], default: c, required: true }
              1g: string
              h: {}
            secrets: [a, a, "b c", 4]
            steps:
              1st: { uses: sleep, with: { duration: 1s } }
              b: { uses: sleep, max_parallel: 3, with: { duration: 1s } }
              c: { uses: sleep, for_each: {}, with: { duration: 1s } }
              d: { uses: command.run, with: { argv: [x] }, outputs: { stdout: x } }
            """#,
            gives: #"""
                flows/main.yaml:3:22: 'minimum' of input 'a' does not go with type string [misplacedKey]
                  fix: remove it, or write type: integer or number
                flows/main.yaml:3:34: 'items' of input 'a' does not go with type string [misplacedKey]
                  fix: remove it, or write type: array or map
                flows/main.yaml:4:23: 'pattern' of input 'b' does not go with type integer [misplacedKey]
                  fix: remove it, or write type: string
                flows/main.yaml:4:35: 'minimum' of input 'b' is more than its maximum [invalidValue]
                  fix: exchange the two
                flows/main.yaml:5:14: there is no type 'strng' [invalidValue]
                  fix: write 'string'
                flows/main.yaml:6:31: 'pattern' of input 'd' is no regular expression [invalidValue]
                  fix: check its brackets and backslashes; single quotes keep backslashes as they are
                flows/main.yaml:6:44: 'format' of input 'd' is none of email, hostname, uri, uuid, path, duration, ipv4 [invalidValue]
                  fix: write 'email'
                flows/main.yaml:6:50: 'enum' of input 'd' allows nothing [invalidValue]
                  fix: list the values that are allowed
                flows/main.yaml:7:32: 'default' of input 'e' must be a whole number, not string [wrongType]
                  fix: write a whole number
                flows/main.yaml:8:45: 'default' of input 'f' is none of a, b [invalidValue]
                  fix: write 'a'
                flows/main.yaml:8:48: 'required' of input 'f' has no effect beside a default [misplacedKey]
                  fix: remove 'required' or 'default'
                flows/main.yaml:9:3: '1g' cannot be the name of an input [invalidValue]
                  fix: begin with a letter, then letters, digits, '_' and '-', 63 at most
                flows/main.yaml:10:6: input 'h' has no 'type' [missingKey]
                  fix: add 'type': string, integer, number, boolean, array, object, map, any
                flows/main.yaml:11:14: the secret 'a' stands here twice [duplicateKey]
                  fix: remove one of the two
                flows/main.yaml:11:17: 'b c' cannot be the name of a secret [invalidValue]
                  fix: begin with a letter, then letters, digits, '_' and '-', 63 at most
                flows/main.yaml:11:24: 'secrets' must be a list of names, or an object with names as keys [wrongType]
                  fix: write secrets: [name, …]
                flows/main.yaml:13:3: '1st' cannot be the id of a step [invalidValue]
                  fix: begin with a letter, then letters, digits, '_' and '-', 63 at most
                flows/main.yaml:14:21: 'max_parallel' of step 'b' has no effect without 'for_each' [misplacedKey]
                  fix: remove it, or add 'for_each'
                flows/main.yaml:15:31: 'for_each' of step 'c' must be a list, not object [wrongType]
                  fix: write a list, or one ${{ }} that gives a list
                flows/main.yaml:16:59: 'command.run' already gives an output 'stdout' [duplicateKey]
                  fix: choose another name
                """#),
    ]
}
