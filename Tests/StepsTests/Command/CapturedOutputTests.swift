import Steps
import Testing

struct CapturedOutputTests {
    @Test(
        "however it is cut into writes, the same head and tail remain", arguments: [0, 1, 2, 7, 64, 1000], [1, 3, 50])
    func cutting(limit: Int, step: Int) {
        let all = (0..<300).map { UInt8($0 % 26 + 97) }
        var captured = CapturedOutput(limitBytes: limit)
        for start in stride(from: 0, to: all.count, by: step) {
            captured.append(all[start..<min(start + step, all.count)])
        }
        #expect(captured.totalBytes == 300)
        if limit >= 300 {
            #expect(captured.bytes == all)
        } else {
            #expect(captured.omittedBytes == 300 - limit)
            let head = String(decoding: all.prefix(limit / 2), as: UTF8.self)
            let tail = String(decoding: all.suffix(limit - limit / 2), as: UTF8.self)
            #expect(captured.text == head + "\n[… \(300 - limit) bytes left out …]\n" + tail)
        }
    }
}

struct LineSplitterTests {
    @Test("lines do not depend on where the bytes were cut", arguments: 1...9)
    func cutting(step: Int) {
        let bytes = Array("one\ntwo\r\n\nfünf\nlast".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            lines += splitter.split(bytes[start..<min(start + step, bytes.count)])
        }
        if let last = splitter.finish() { lines.append(last) }
        #expect(lines == ["one", "two", "", "fünf", "last"])
    }

    @Test("a line without end is handed out in pieces")
    func long() {
        var splitter = LineSplitter(limitBytes: 4)
        #expect(splitter.split(Array("abcdefghij\nk".utf8)) == ["abcd", "efgh", "ij"])
        #expect(splitter.finish() == "k")
        #expect(splitter.finish() == nil)
    }
}
