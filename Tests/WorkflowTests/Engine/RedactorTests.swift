import Foundation
import Testing
import Workflow

struct RedactorTests {
    static let secret = "pä55/w+ørd?&=\"x\\y'<z>"

    @Test("a secret is found beside anything, and the rest stays")
    func plain() {
        let redactor = Redactor(["hunter22", "tok"])
        #expect(redactor.redact("user hunter22!") == "user ***!")
        #expect(redactor.redact("hunter22hunter22") == "***")
        #expect(redactor.redact("hunter2 hunter") == "hunter2 hunter")
        #expect(redactor.redact("e\u{301}tok\u{301}") == "e\u{301}***\u{301}")
        #expect(redactor.redact("to") == "to")
        #expect(redactor.redact("") == "")
        #expect(Redactor().redact("anything") == "anything")
    }

    @Test("secrets that overlap, or hold each other, leave nothing of themselves")
    func overlapping() {
        let redactor = Redactor(["abcdef", "defghi", "bcd", "xbcdefghiy"])
        #expect(redactor.redact("1 abcdefghi 2") == "1 *** 2")
        #expect(redactor.redact("1 xbcdefghiy 2") == "1 *** 2")
        #expect(redactor.redact("1 xbcd 2") == "1 x*** 2")
        #expect(Redactor(["aaaa"]).redact("baaaaaab") == "b***b")
    }

    @Test("a secret of fewer than three bytes hides nothing, and a new one is known from then on")
    func short() {
        var redactor = Redactor(["", "a", "ab"])
        #expect(redactor.redact("abab") == "abab")
        redactor.add(["abc", "ab"])
        redactor.add(["abc"])
        #expect(redactor.redact("abab abc") == "abab ***")
    }

    @Test("hexadecimal digits of a secret, but not of a short one")
    func hex() {
        #expect(Redactor(["geheim"]).redact("0a67656865696d0a") == "0a***0a")
        #expect(Redactor(["j\u{FC}rgen"]).redact("6AC3BC7267656E") == "***")
        #expect(Redactor(["abc"]).redact("616263") == "616263")
    }

    @Test(
        "base64 of a text that holds a secret, wherever in it", arguments: 0..<7,
        ["geheim", "k3y!", "a longer one, with more in it than a line of base64 takes, and then some; ÿÿÿ~~~???"])
    func base64(before: Int, secret: String) {
        let redactor = Redactor([secret])
        for after in 0..<4 {
            let text = String(repeating: "<", count: before) + secret + String(repeating: ">", count: after)
            let encoded = Data(text.utf8).base64EncodedString()
            for form in [
                encoded, encoded.replacing("=", with: ""), encoded.replacing("+", with: "-").replacing("/", with: "_"),
            ] {
                let redacted = redactor.redact(form)
                #expect(redacted.contains("***"))
                // What is left decodes to nothing of it.
                let left = redacted.components(separatedBy: "***").map(\.count).reduce(0, +)
                #expect(left <= (8 * (before + after) + 5) / 6 + 6)
            }
        }
    }

    @Test("base64 that is broken into lines, and base64 within base64")
    func nestedBase64() throws {
        let secret = String((0..<200).map { Character(UnicodeScalar(UInt8(33 + $0 * 7 % 90))) })
        let redactor = Redactor([secret, "dckr_pat_x1Y2"])
        for options: Data.Base64EncodingOptions in [.lineLength64Characters, .lineLength76Characters] {
            let wrapped = Data(secret.utf8).base64EncodedString(options: options)
            for line in wrapped.split(whereSeparator: \.isNewline) where line.count >= 8 {
                #expect(redactor.redact(String(line)).replacing("=", with: "") == "***")
            }
        }
        for user in ["u", "us", "use"] {
            let auth = Data("\(user):dckr_pat_x1Y2".utf8).base64EncodedString()
            for padding in ["", " ", "  "] {
                let config = Data("{\(padding)\"auth\":\"\(auth)\"}".utf8).base64EncodedString()
                #expect(redactor.redact(config).contains("***"))
            }
        }
    }

    @Test(
        "URL-encoded, whatever the program leaves as it is",
        arguments: [
            CharacterSet.urlQueryAllowed, .urlUserAllowed, .urlPathAllowed, .urlHostAllowed,
            CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyz0123456789-._~"),
        ])
    func urls(allowed: CharacterSet) throws {
        let secrets = ["tøk en/+=", "key=1&x y", "s3cr et%"]
        let redactor = Redactor(secrets)
        for secret in secrets {
            let encoded = try #require(secret.addingPercentEncoding(withAllowedCharacters: allowed))
            // With a '+' of its own left as it is, nobody could tell the two apart.
            let forms = encoded.contains("+") ? [encoded] : [encoded, encoded.replacing("%20", with: "+")]
            for form in forms {
                #expect(redactor.redact("?a=\(form)&b=c") == "?a=***&b=c")
            }
        }
    }

    @Test("what is only like an encoding is left alone, and a mask takes whole escapes")
    func encodings() throws {
        let redactor = Redactor(["a b+c", "100%", "sn\u{1F600}ow", "\\n\\"])
        #expect(redactor.redact("%zz %4 \\x \\u12 \\ud83d %") == "%zz %4 \\x \\u12 \\ud83d %")
        #expect(redactor.redact("q=a+b%2bc&r=100%25&s=100%") == "q=***&r=***&s=***")
        #expect(redactor.redact("q=a%2520b%252Bc") == "q=***")
        #expect(redactor.redact(#"{"k":"\u0073n\ud83d\uDE00o\u0077","l":"\n"}"#) == #"{"k":"***","l":"\n"}"#)
        #expect(redactor.redact(#"\n\ and \\n\\"#) == "*** and ***")
    }

    @Test("quoted: by JSON writers of all manners, YAML, XML and shells")
    func quoted() throws {
        let redactor = Redactor([Self.secret])
        var forms = [Value.string(Self.secret).canonicalJSON]
        for options: JSONEncoder.OutputFormatting in [[], .withoutEscapingSlashes] {
            let encoder = JSONEncoder()
            encoder.outputFormatting = options
            forms.append(String(decoding: try encoder.encode(Self.secret), as: UTF8.self))
        }
        forms.append(#""p\u00e455/w+\u00f8rd?&=\"x\\y'<z>""#)  // json.dumps
        forms.append(#""pä55/w+ørd?\u0026=\"x\\y'\u003cz\u003e""#)  // encoding/json
        forms.append(Value.string(#"{"a":\#(forms[0])}"#).canonicalJSON)
        forms.append(#"'pä55/w+ørd?&="x\y''<z>'"#)
        forms.append(#"'pä55/w+ørd?&="x\y'\''<z>'"#)
        forms.append("<p>pä55/w+ørd?&amp;=&quot;x\\y&#39;&lt;z&gt;</p>")
        for form in forms {
            let redacted = redactor.redact("> \(form).")
            #expect(redacted.contains("***") && !redacted.contains("w") && !redacted.contains("y"))
        }
    }

    @Test("the lines of a secret of several lines, which output is stored by; not the frame around them")
    func lines() {
        let redactor = Redactor([
            "-----BEGIN KEY-----\nMIIEvQIBADANBg\n  k5xgt0pL8s==\n}\n-----END KEY-----\n", "token-with-line-end\n",
        ])
        #expect(redactor.redact("> MIIEvQIBADANBg <") == "> *** <")
        #expect(redactor.redact("k5xgt0pL8s==") == "***")
        #expect(redactor.redact("-----BEGIN KEY-----") == "-----BEGIN KEY-----")
        #expect(redactor.redact("if {\n}") == "if {\n}")
        #expect(redactor.redact("Bearer token-with-line-end") == "Bearer ***")
        #expect(redactor.redact(Data("token-with-line-end".utf8).base64EncodedString()) == "***")
    }

    @Test("values of all kinds: strings, keys, numbers that are a secret as a whole")
    func values() {
        let redactor = Redactor(["1234", "2.5e1\n", "0.25", "hush"])
        let value: Value = [
            "list": ["hush", "x hush", 1234, 12345, 0.25, true, .null], "hush now": "1234", "n": ["a": "b"],
        ]
        #expect(
            redactor.redact(value) == [
                "list": ["***", "x ***", "***", 12345, "***", true, .null], "*** now": "***", "n": ["a": "b"],
            ])
        #expect(redactor.finds(in: value))
        for harmless: Value in ["a", 12345, .null, true, ["k": ["hus", 0.5]]] {
            #expect(!redactor.finds(in: harmless))
            #expect(redactor.redact(harmless) == harmless)
        }
        #expect(redactor.finds(in: ["hush": 1]) && redactor.finds(in: [[1234]]))
        // Which of two keys that become one stays does not depend on the order of a hash table.
        #expect(redactor.redact(["hush": 1, "1234": 2, "0.25": 3]) == ["***": 1])
    }

    @Test("an error keeps its kind")
    func errors() {
        let error = StepError(.conflict, "a hush b", object: "hush", remedy: "not hush")
        #expect(Redactor(["hush"]).redact(error) == StepError(.conflict, "a *** b", object: "***", remedy: "not ***"))
    }

    @Test("a megabyte with hundreds of secrets, and the worst of texts, take one pass", .timeLimit(.minutes(10)))
    func large() {
        let redactor = Redactor((0..<300).map { "secret-\($0 * 7919)-\(String(repeating: "x", count: $0 % 50))" })
        let line = "the quick brown fox reads secret-7919-x and secretly secret- jumps over 4711 lazy dogs\n"
        let text = String(repeating: line, count: (1 << 20) / line.utf8.count)
        let redacted = redactor.redact(text)
        #expect(!redacted.contains("7919"))
        #expect(redacted.contains("secretly secret- jumps"))
        let encoded = redactor.redact(String(repeating: #"\"%73ecret-7919-x\u002e\n"# + line, count: 10_000))
        #expect(!encoded.contains("7919"))
        // Every place matches, or nearly.
        let worst = Redactor([String(repeating: "a", count: 5000), String(repeating: "a", count: 4000) + "b"])
        #expect(worst.redact(String(repeating: "a", count: 1 << 20)) == "***")
    }
}
