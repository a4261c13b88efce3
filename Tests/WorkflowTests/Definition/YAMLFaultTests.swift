import Testing
import Workflow

@Suite("Files that are no YAML as it should be")
struct YAMLFaultTests {
    @Test("all are reported, each with its place and a remedy", arguments: files)
    func faults(file: FaultyFile) {
        #expect(file.found == file.expected)
    }

    static let files = [
        FaultyFile(
            "keys that stand twice",
            #"""
            workflow: w
            version: 1
            version: 2
            steps:
              a: { uses: sleep, with: { duration: 1s, duration: 2s } }
              b: { uses: sleep, with: { duration: 1s } }
              a: { uses: sleep, with: { duration: 3s } }
            """#,
            gives: #"""
                flows/main.yaml:3:1: the key 'version' stands here twice (first in line 2) [duplicateKey]
                  fix: remove one of the two
                flows/main.yaml:5:43: the key 'duration' stands here twice (first in line 5) [duplicateKey]
                  fix: remove one of the two
                flows/main.yaml:7:3: the key 'a' stands here twice (first in line 5) [duplicateKey]
                  fix: remove one of the two
                """#),
        FaultyFile(
            "an empty file",
            #"""
            # nothing
            """#,
            gives: #"""
                flows/main.yaml:1:1: the file holds no workflow [missingKey]
                  fix: begin with workflow: NAME
                """#),
        FaultyFile(
            "no mapping",
            #"""
            - workflow
            """#,
            gives: #"""
                flows/main.yaml:1:1: the workflow must be an object, not array [wrongType]
                  fix: write keys and values, such as workflow: …
                """#),
        FaultyFile(
            "two documents",
            #"""
            workflow: w
            steps:
              a: { uses: sleep, with: { duration: 1s } }
            ---
            workflow: x
            """#,
            gives: #"""
                flows/main.yaml:5:1: a workflow file must hold one document, and this is the second [syntax]
                  fix: put it into a file of its own
                """#),
        FaultyFile(
            "text that readers of YAML disagree on",
            #"""
            workflow: w
            description: yes
            steps:
              a:
                uses: command.run
                with:
                  argv: [no, 0755, .inf, 12345678901234567890, 1e999, 'no', "0755", 1.2.3, 0x1F, -, 12e]
            """#,
            gives: #"""
                flows/main.yaml:2:14: 'yes' is text to some readers of YAML and true to others [invalidValue]
                  fix: write true, or "yes" for the text
                flows/main.yaml:7:14: 'no' is text to some readers of YAML and false to others [invalidValue]
                  fix: write false, or "no" for the text
                flows/main.yaml:7:18: '0755' is octal to some readers of YAML and decimal to others [invalidValue]
                  fix: write "0755" for text, 0o755 for octal, or 755 for decimal
                flows/main.yaml:7:24: '.inf' is no number that JSON can hold [invalidValue]
                  fix: write a finite number, or ".inf"
                flows/main.yaml:7:30: the number 12345678901234567890 is out of range [invalidValue]
                  fix: write "12345678901234567890" for the text
                flows/main.yaml:7:52: the number 1e999 is out of range [invalidValue]
                  fix: write "1e999" for the text
                flows/main.yaml:7:80: 'argv[8]' must be a string, not integer [wrongType]
                  fix: put it into quotes
                """#),
        FaultyFile(
            "anchors and aliases",
            #"""
            workflow: w
            steps:
              a: &a { uses: sleep, with: { duration: 1s } }
              b: *a
            """#,
            gives: #"""
                flows/main.yaml:3:15: anchors (&name), aliases (*name) and merge keys (<<) are not supported [syntax]
                  fix: write the value out, share it as an input or a values file, or quote the text
                """#),
        FaultyFile(
            "an alias alone",
            #"""
            workflow: w
            steps:
              a: { uses: sleep, with: { duration: *x } }
            """#,
            gives: #"""
                flows/main.yaml:3:39: anchors (&name), aliases (*name) and merge keys (<<) are not supported [syntax]
                  fix: write the value out, share it as an input or a values file, or quote the text
                """#),
        FaultyFile(
            "a merge key",
            #"""
            workflow: w
            steps:
              a: { uses: command.run, with: { argv: ["a && b", a&b, &c d], <<: { x: 1 } } }
            """#,
            gives: #"""
                flows/main.yaml:3:57: anchors (&name), aliases (*name) and merge keys (<<) are not supported [syntax]
                  fix: write the value out, share it as an input or a values file, or quote the text
                flows/main.yaml:3:64: anchors (&name), aliases (*name) and merge keys (<<) are not supported [syntax]
                  fix: write the value out, share it as an input or a values file, or quote the text
                """#),
        FaultyFile(
            "tags",
            #"""
            workflow: !name w
            steps: !!map
              a: { uses: !!str sleep, with: { duration: !!int "3" } }
            """#,
            gives: #"""
                flows/main.yaml:1:11: the tag !name is not supported [syntax]
                  fix: remove the tag; quote text instead
                flows/main.yaml:3:45: the tag tag:yaml.org,2002:int is not supported [syntax]
                  fix: remove the tag; quote text instead
                """#),
        FaultyFile(
            "no YAML",
            #"""
            workflow: w
            steps:
              a: { uses: sleep
              b: [
            """#,
            gives: #"""
                flows/main.yaml:4:4: not YAML: while parsing a flow mapping: did not find expected ',' or '}' [syntax]
                  fix: correct the indentation, quotes or brackets here or just above
                """#),
        FaultyFile(
            "wrong indentation",
            #"""
            workflow: w
            steps:
              a:
                uses: sleep
               with: {}
            """#,
            gives: #"""
                flows/main.yaml:5:4: not YAML: while parsing a block mapping: did not find expected key [syntax]
                  fix: correct the indentation, quotes or brackets here or just above
                """#),
        FaultyFile(
            "a tab",
            #"""
            workflow: w
            steps:
            \#ta: {}
            """#,
            gives: #"""
                flows/main.yaml:3:1: not YAML: while scanning for the next token: found character that cannot start any token [syntax]
                  fix: indent with spaces; YAML does not allow tabs
                """#),
        FaultyFile(
            "a control letter",
            #"""
            workflow: w
            steps: \#u{1}
            """#,
            gives: #"""
                flows/main.yaml:2:8: not YAML: control characters are not allowed [syntax]
                  fix: correct the indentation, quotes or brackets here or just above
                """#),
    ]
}
