import Steps
import Testing

struct PortWindowTests {
    @Test("a window's ports begin one above its startingPort")
    func offByOne() {
        let window = PortWindow(startingPort: 30000, size: 10)
        #expect(window.ports == 30001...30010)
        #expect(!PortWindow(startingPort: 30010, size: 5).ports.overlaps(window.ports))
        #expect(PortWindow(startingPort: 30009, size: 5).ports.overlaps(window.ports))
    }

    @Test("the lowest free window is found, in gaps too, and never across what is taken or beyond the range")
    func lowest() {
        func lowest(_ size: Int, _ range: ClosedRange<Int>, _ taken: Set<Int> = []) -> Int? {
            PortWindow.lowest(of: size, in: range, besides: taken)?.startingPort
        }
        #expect(lowest(10, 30000...32767) == 30000)
        #expect(lowest(10, 30000...32767, Set(30001...30010)) == 30010)
        #expect(lowest(3, 30000...30020, [30001, 30005, 30008]) == 30001)
        #expect(lowest(4, 30000...30020, [30001, 30005, 30008]) == 30008)
        #expect(lowest(20, 30000...30020) == 30000)
        #expect(lowest(21, 30000...30020) == nil)
        #expect(lowest(1, 30000...30002, [30001, 30002]) == nil)
        // A port below the first that can be used is in nobody's way.
        #expect(lowest(2, 30000...30002, [30000]) == 30000)
    }
}
