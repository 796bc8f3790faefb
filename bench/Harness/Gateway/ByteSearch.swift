import Glibc

/// Where `text` begins in `bytes`.
func find(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress else { return nil }
    let size = text.utf8CodeUnitCount
    var place = 0
    while place + size <= bytes.count,
        let found = memchr(start + place, CInt(text.utf8Start[0]), bytes.count - size + 1 - place)
    {
        if memcmp(found, text.utf8Start, size) == 0 { return UnsafeRawPointer(found) - start }
        place = UnsafeRawPointer(found) - start + 1
    }
    return nil
}
